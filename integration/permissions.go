package integration

import "strings"

// permissions are the IAM actions that the call needs, as the Service Authorization Reference names them. Most are named as the API
// action is; others lists the exceptions.
func (r *resource) permissions() []string {
	if r.operation == nil {
		return nil // riposte's own connection has the credentials
	}
	key := r.operation.service.name + ":" + r.operation.name
	needed, exception := otherPermissions[key]
	if !exception {
		needed = []string{r.operation.iam + ":" + r.operation.name}
	}
	switch {
	case r.name == "states:startExecution" && r.progress != nil:
		needed = append(needed[:len(needed):len(needed)], "states:DescribeExecution", "states:DescribeStateMachine")
	case r.name == "states:startExecution":
		needed = append(needed[:len(needed):len(needed)], "states:DescribeStateMachine")
	case r.operation.iam == "iam" && !r.operation.reads():
		needed = append(needed[:len(needed):len(needed)], r.lookups()...)
	}
	return needed
}

// lookups are what finding out of the ARNs of principals needs.
func (r *resource) lookups() []string {
	var needed []string
	for parameter, permission := range map[string]string{"UserName": "iam:GetUser", "RoleName": "iam:GetRole", "GroupName": "iam:GetGroup", "InstanceProfileName": "iam:GetInstanceProfile"} {
		if _, ok := r.operation.input.FieldByName(parameter); ok && !strings.HasSuffix(permission, r.operation.name) {
			needed = append(needed, permission)
		}
	}
	return needed
}

// otherPermissions are the API actions whose IAM actions have another name
// (https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html and those of the other services).
var otherPermissions = map[string][]string{
	"lambda:Invoke":                    {"lambda:InvokeFunction"},
	"lambda:InvokeAsync":               {"lambda:InvokeFunction"},
	"sqs:ChangeMessageVisibilityBatch": {"sqs:ChangeMessageVisibility"},
	"sqs:DeleteMessageBatch":           {"sqs:DeleteMessage"},
	"sqs:SendMessageBatch":             {"sqs:SendMessage"},
	"sns:PublishBatch":                 {"sns:Publish"},
	"sts:GetCallerIdentity":            {"sts:GetCallerIdentity"},

	"s3:AbortMultipartUpload": {"s3:AbortMultipartUpload"}, "s3:CompleteMultipartUpload": {"s3:PutObject"}, "s3:CopyObject": {"s3:GetObject", "s3:PutObject"},
	"s3:CreateMultipartUpload": {"s3:PutObject"}, "s3:DeleteBucketAnalyticsConfiguration": {"s3:PutAnalyticsConfiguration"},
	"s3:DeleteBucketCors": {"s3:PutBucketCORS"}, "s3:DeleteBucketEncryption": {"s3:PutEncryptionConfiguration"},
	"s3:DeleteBucketIntelligentTieringConfiguration": {"s3:PutIntelligentTieringConfiguration"},
	"s3:DeleteBucketInventoryConfiguration":          {"s3:PutInventoryConfiguration"}, "s3:DeleteBucketLifecycle": {"s3:PutLifecycleConfiguration"},
	"s3:DeleteBucketMetricsConfiguration": {"s3:PutMetricsConfiguration"}, "s3:DeleteBucketOwnershipControls": {"s3:PutBucketOwnershipControls"},
	"s3:DeleteBucketReplication": {"s3:PutReplicationConfiguration"}, "s3:DeleteBucketTagging": {"s3:PutBucketTagging"},
	"s3:DeleteObjects": {"s3:DeleteObject"}, "s3:DeletePublicAccessBlock": {"s3:PutBucketPublicAccessBlock"},
	"s3:GetBucketAccelerateConfiguration": {"s3:GetAccelerateConfiguration"}, "s3:GetBucketAnalyticsConfiguration": {"s3:GetAnalyticsConfiguration"},
	"s3:GetBucketCors": {"s3:GetBucketCORS"}, "s3:GetBucketEncryption": {"s3:GetEncryptionConfiguration"},
	"s3:GetBucketIntelligentTieringConfiguration": {"s3:GetIntelligentTieringConfiguration"},
	"s3:GetBucketInventoryConfiguration":          {"s3:GetInventoryConfiguration"},
	"s3:GetBucketLifecycleConfiguration":          {"s3:GetLifecycleConfiguration"}, "s3:GetBucketMetricsConfiguration": {"s3:GetMetricsConfiguration"},
	"s3:GetBucketNotificationConfiguration": {"s3:GetBucketNotification"}, "s3:GetBucketReplication": {"s3:GetReplicationConfiguration"},
	"s3:GetObjectLockConfiguration": {"s3:GetBucketObjectLockConfiguration"}, "s3:GetPublicAccessBlock": {"s3:GetBucketPublicAccessBlock"},
	"s3:HeadBucket": {"s3:ListBucket"}, "s3:HeadObject": {"s3:GetObject"}, "s3:ListBucketAnalyticsConfigurations": {"s3:GetAnalyticsConfiguration"},
	"s3:ListBucketIntelligentTieringConfigurations": {"s3:GetIntelligentTieringConfiguration"},
	"s3:ListBucketInventoryConfigurations":          {"s3:GetInventoryConfiguration"}, "s3:ListBucketMetricsConfigurations": {"s3:GetMetricsConfiguration"},
	"s3:ListBuckets": {"s3:ListAllMyBuckets"}, "s3:ListMultipartUploads": {"s3:ListBucketMultipartUploads"}, "s3:ListObjectVersions": {"s3:ListBucketVersions"},
	"s3:ListObjects": {"s3:ListBucket"}, "s3:ListObjectsV2": {"s3:ListBucket"}, "s3:ListParts": {"s3:ListMultipartUploadParts"},
	"s3:PutBucketAccelerateConfiguration": {"s3:PutAccelerateConfiguration"}, "s3:PutBucketAnalyticsConfiguration": {"s3:PutAnalyticsConfiguration"},
	"s3:PutBucketCors": {"s3:PutBucketCORS"}, "s3:PutBucketEncryption": {"s3:PutEncryptionConfiguration"},
	"s3:PutBucketIntelligentTieringConfiguration": {"s3:PutIntelligentTieringConfiguration"},
	"s3:PutBucketInventoryConfiguration":          {"s3:PutInventoryConfiguration"},
	"s3:PutBucketLifecycleConfiguration":          {"s3:PutLifecycleConfiguration"}, "s3:PutBucketMetricsConfiguration": {"s3:PutMetricsConfiguration"},
	"s3:PutBucketNotificationConfiguration": {"s3:PutBucketNotification"}, "s3:PutBucketReplication": {"s3:PutReplicationConfiguration"},
	"s3:PutObjectLockConfiguration": {"s3:PutBucketObjectLockConfiguration"}, "s3:PutPublicAccessBlock": {"s3:PutBucketPublicAccessBlock"},
	"s3:UploadPart": {"s3:PutObject"}, "s3:UploadPartCopy": {"s3:GetObject", "s3:PutObject"},
	"s3control:GetPublicAccessBlock": {"s3:GetAccountPublicAccessBlock"}, "s3control:PutPublicAccessBlock": {"s3:PutAccountPublicAccessBlock"},
	"s3control:DeletePublicAccessBlock": {"s3:PutAccountPublicAccessBlock"},
}
