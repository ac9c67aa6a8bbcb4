// Package digest verifies that a trail's log files are what CloudTrail delivered: every hour CloudTrail writes a digest
// file with the SHA-256 of each log file of that hour, signs it, and binds it to the digest before it by that one's
// signature.
//
// Start at [Verify]. It looks in every region to which the trail delivered, checks the signature of each digest, the chain
// from the newest to the oldest, the hash of each log file, and whether there are files that no digest names, and tells in
// a [Report] what is wrong apart from what could not be checked.
//
// The files are described in
// https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-digest-file-structure.html and
// the checks in https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-custom-validation.html.
package digest
