// Package doctor looks whether riposte can do its work in an account, and says what to type where it can't. It changes
// nothing; in the data folder it writes one temporary file, and S3 is asked to keep something that it refuses.
//
// Start at [Run] and the table in doctor.go. Each check is bounded in time, and all run side by side; their results come
// in the order of the table. A check that cannot tell says unknown, never ok.
package doctor
