// Package kinesis reads one Kinesis data stream: every shard, children after their parents when the stream is resharded,
// each from its checkpoint.
//
// Start at [Consumer.Run]. What a record holds is not known here: [Handle] is given its bytes. A checkpoint is written
// only after everything before it was handled or buried, so a crash repeats records and loses none. There are no leases:
// two engines on one stream both read all of it (and share the five reads a second of a shard); what comes twice has one
// cause and is dropped there. Records that the Kinesis Producer Library aggregated are not taken apart; CloudWatch Logs
// and EventBridge write none.
package kinesis
