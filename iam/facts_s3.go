package iam

var s3Facts = map[string][]string{
	"s3:DeleteBucketPolicy":               buckets,
	"s3:GetAccountPublicAccessBlock":      nil,
	"s3:GetBucketAcl":                     buckets,
	"s3:GetBucketLocation":                buckets,
	"s3:GetBucketLogging":                 buckets,
	"s3:GetBucketNotification":            buckets,
	"s3:GetBucketObjectLockConfiguration": buckets,
	"s3:GetBucketPolicy":                  buckets,
	"s3:GetBucketPolicyStatus":            buckets,
	"s3:GetBucketPublicAccessBlock":       buckets,
	"s3:GetBucketTagging":                 buckets,
	"s3:GetBucketVersioning":              buckets,
	"s3:GetEncryptionConfiguration":       buckets,
	"s3:GetLifecycleConfiguration":        buckets,
	"s3:GetObject":                        {"arn:P:s3:::*/*"},
	"s3:GetObjectVersion":                 {"arn:P:s3:::*/*"},
	"s3:ListBucket":                       buckets,
	"s3:PutAccountPublicAccessBlock":      nil,
	"s3:PutBucketAcl":                     buckets,
	"s3:PutBucketLogging":                 buckets,
	"s3:PutBucketObjectLockConfiguration": buckets,
	"s3:PutBucketPolicy":                  buckets,
	"s3:PutBucketPublicAccessBlock":       buckets,
	"s3:PutBucketVersioning":              buckets,
	"s3:PutEncryptionConfiguration":       buckets,
	"s3:PutLifecycleConfiguration":        buckets,
}

var buckets = []string{"arn:P:s3:::*"}
