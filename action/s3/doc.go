// Package s3 has the actions on Amazon S3 that close what is open to the public, and that switch on what protects objects.
//
// Start at [RemovePublicStatements] and [RevertPolicy], which change the policy of a bucket, or at [BlockBucket] and
// [BlockAccount], which switch S3's Block Public Access on. What counts as public is in public.go; what the actions on
// policies share is in policy.go, and what the two blocks share in block.go. Settings of a bucket that one call changes are
// in files of their own, such as versioning.go, over what bucketsetting.go has.
package s3
