// Package file reads events from files: CloudTrail log files ({"Records":[…]}), the output of `aws cloudtrail
// lookup-events` ({"Events":[…]}), and files of one CloudTrail record or EventBridge envelope a line; plain or gzip;
// named, in folders, or on standard input.
//
// Start at [Reader.Read]. Everything is streamed: a file of any size takes the memory of a few records. A record is only
// found here (splitter.go); event.Read and event.FromCloudTrail check it. What cannot be read is reported with its file
// and line and skipped; the rest of the file is still read where its structure allows it.
package file
