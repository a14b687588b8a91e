//! What a mapping is for the workload cluster, and for a message with every kind of field.

mod workload_cluster;
