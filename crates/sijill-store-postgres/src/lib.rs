//! The event store on PostgreSQL: several servers, replicas, failover.
