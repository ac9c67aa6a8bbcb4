package event

import (
	"testing"
)

func TestService(t *testing.T) {
	for source, want := range map[string]string{
		"monitoring.amazonaws.com": "cloudwatch", "cloudtrail.amazonaws.com": "cloudtrail", "access-analyzer.amazonaws.com": "access-analyzer",
		"es.amazonaws.com": "es", "elasticloadbalancing.amazonaws.com": "elasticloadbalancing", "": "",
	} {
		if got := Service(source); got != want {
			t.Errorf("%s is of %s, want %s", source, got, want)
		}
	}
}

func TestOperation(t *testing.T) {
	for _, tt := range []struct{ service, name, want string }{
		{"s3", "PutBucketPublicAccessBlock", "PutPublicAccessBlock"},
		{"s3", "DeleteBucketPublicAccessBlock", "DeletePublicAccessBlock"},
		{"s3", "PutAccountPublicAccessBlock", "PutPublicAccessBlock"},
		{"s3", "DeleteAccountPublicAccessBlock", "DeletePublicAccessBlock"},
		{"s3", "PutBucketNotification", "PutBucketNotificationConfiguration"},
		{"s3", "PutBucketObjectLockConfiguration", "PutObjectLockConfiguration"},
		{"s3", "PutBucketPolicy", "PutBucketPolicy"},
		{"lambda", "UpdateFunctionConfiguration20150331v2", "UpdateFunctionConfiguration"},
		{"lambda", "DeleteFunction20150331", "DeleteFunction"},
		{"lambda", "TagResource20170331v2", "TagResource"},
		{"iam", "CreateUser", "CreateUser"},
		{"iam", "PutBucketPublicAccessBlock", "PutBucketPublicAccessBlock"},
	} {
		if got := Operation(tt.service, tt.name); got != tt.want {
			t.Errorf("%s of %s is %s, want %s", tt.name, tt.service, got, tt.want)
		}
	}
}
