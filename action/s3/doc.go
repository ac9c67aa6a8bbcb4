// Package s3 has the actions on Amazon S3 that close what is open to the public.
//
// Start at [RemovePublicStatements] and [RevertPolicy], which change the policy of a bucket, or at [BlockBucket] and
// [BlockAccount], which switch S3's Block Public Access on. What counts as public is in public.go; what the two actions on
// policies share is in policy.go, and what the two blocks share in block.go.
package s3
