//! Wrapped data keys, in a database of their own.

use std::collections::HashSet;
use std::path::Path;

use async_trait::async_trait;
use sijill_store::{KeyId, KeyStore, Result, StoreError};
use sqlx::PgPool;

use crate::error::{is_duplicate, store_error};
use crate::store::BACKUP;
use crate::value::fixed;
use crate::{connect, schema};

/// The key store on PostgreSQL.
///
/// A destroyed key can no longer be read through the database. Its bytes stay in their page until the space is used
/// again, in the WAL until that is recycled, and in archives and backups until those expire: the database must be one
/// whose archives are kept short. The key file of `sijill-store-sqlite` overwrites a key at once.
#[derive(Debug)]
pub struct PostgresKeyStore {
    pool: PgPool,
}

impl PostgresKeyStore {
    /// Connects to the key database, which must be another than the ledger's, and brings its schema up to date.
    pub async fn connect(url: &str) -> Result<Self> {
        Ok(Self { pool: connect::pool(url, &schema::keys(), 4).await? })
    }

    /// Closes all connections.
    pub async fn close(self) {
        self.pool.close().await;
    }
}

#[async_trait]
impl KeyStore for PostgresKeyStore {
    async fn put(&self, keys: &[(KeyId, Vec<u8>)]) -> Result<()> {
        let distinct: HashSet<_> = keys.iter().map(|(id, _)| id).collect();
        if distinct.len() < keys.len() {
            return Err(StoreError::KeyExists);
        }
        let ids: Vec<&[u8]> = keys.iter().map(|(id, _)| &id[..]).collect();
        let wrapped: Vec<&[u8]> = keys.iter().map(|(_, wrapped)| &wrapped[..]).collect();
        sqlx::query!(
            "INSERT INTO data_key (id, wrapped) SELECT * FROM UNNEST($1::bytea[], $2::bytea[])",
            &ids as &[&[u8]],
            &wrapped as &[&[u8]]
        )
        .execute(&self.pool)
        .await
        .map_err(|error| if is_duplicate(&error) { StoreError::KeyExists } else { store_error(error) })?;
        Ok(())
    }

    async fn get(&self, ids: &[KeyId]) -> Result<Vec<(KeyId, Vec<u8>)>> {
        let ids: Vec<&[u8]> = ids.iter().map(|id| &id[..]).collect();
        let rows =
            sqlx::query!("SELECT id, wrapped FROM data_key WHERE id = ANY($1::bytea[])", &ids as &[&[u8]])
                .fetch_all(&self.pool)
                .await
                .map_err(store_error)?;
        rows.into_iter().map(|row| Ok((fixed(&row.id)?, row.wrapped))).collect()
    }

    async fn destroy(&self, ids: &[KeyId]) -> Result<u64> {
        let ids: Vec<&[u8]> = ids.iter().map(|id| &id[..]).collect();
        let destroyed = sqlx::query!("DELETE FROM data_key WHERE id = ANY($1::bytea[])", &ids as &[&[u8]])
            .execute(&self.pool)
            .await
            .map_err(store_error)?;
        Ok(destroyed.rows_affected())
    }

    async fn backup(&self, _to: &Path) -> Result<()> {
        Err(StoreError::BackupUnsupported(BACKUP))
    }
}
