//! Wrapped data keys, in a file of their own.

use std::path::{Path, PathBuf};

use async_trait::async_trait;
use sijill_store::{KeyId, KeyStore, Result, StoreError};
use sqlx::{Connection, Row, SqlitePool};

use crate::commit::write_rows;
use crate::error::store_error;
use crate::lookup::rows_with;
use crate::value::fixed;
use crate::{open, schema};

/// The key store on SQLite.
#[derive(Debug)]
pub struct SqliteKeyStore {
    path: PathBuf,
    writer: SqlitePool,
    readers: SqlitePool,
}

impl SqliteKeyStore {
    /// Opens the key file, which is created, readable by its owner alone, if there is none.
    pub async fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = open::create(path.as_ref(), 0o600)?;
        let writer = open::writer(&path, &schema::KEYS).await?;
        let readers = open::readers(&path).await?;
        Ok(Self { path, writer, readers })
    }

    /// As [`SqliteStore::compact`](crate::SqliteStore::compact).
    pub async fn compact(&self) -> Result<()> {
        open::compact(&self.writer).await
    }

    /// Closes all connections; the last one folds the log into the file.
    pub async fn close(self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

#[async_trait]
impl KeyStore for SqliteKeyStore {
    async fn put(&self, keys: &[(KeyId, Vec<u8>)]) -> Result<()> {
        let ids: std::collections::HashSet<_> = keys.iter().map(|(id, _)| id).collect();
        if ids.len() < keys.len() {
            return Err(StoreError::KeyExists);
        }
        let mut connection = self.writer.acquire().await.map_err(store_error)?;
        let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await.map_err(store_error)?;
        let insert = "INSERT INTO data_key (id, wrapped) ";
        let written = write_rows::<2, _>(
            &mut transaction,
            insert,
            keys,
            "ON CONFLICT (id) DO NOTHING",
            |mut row, (id, wrapped)| {
                row.push_bind(&id[..]).push_bind(wrapped);
                Ok(())
            },
        )
        .await?;
        if written < keys.len() as u64 {
            return Err(StoreError::KeyExists);
        }
        transaction.commit().await.map_err(store_error)
    }

    async fn get(&self, ids: &[KeyId]) -> Result<Vec<(KeyId, Vec<u8>)>> {
        let mut ids = ids.to_vec();
        ids.sort_unstable();
        ids.dedup();
        let rows =
            rows_with(&self.readers, "SELECT id, wrapped FROM data_key WHERE id", &ids, |id| &id[..]).await?;
        rows.iter()
            .map(|row| {
                let id = fixed(row.try_get(0).map_err(store_error)?)?;
                Ok((id, row.try_get(1).map_err(store_error)?))
            })
            .collect()
    }

    async fn destroy(&self, ids: &[KeyId]) -> Result<u64> {
        let mut connection = self.writer.acquire().await.map_err(store_error)?;
        let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await.map_err(store_error)?;
        let destroyed = write_rows::<1, _>(
            &mut transaction,
            "DELETE FROM data_key WHERE id IN (",
            ids,
            ")",
            |mut row, id| {
                row.push_bind(&id[..]);
                Ok(())
            },
        )
        .await?;
        transaction.commit().await.map_err(store_error)?;
        // The keys are gone from the file; until this, the log still holds the pages they stood on.
        open::empty_log(&mut connection).await?;
        Ok(destroyed)
    }

    async fn backup(&self, to: &Path) -> Result<()> {
        open::backup(&self.path, to).await
    }
}
