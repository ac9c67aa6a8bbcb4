package iam

var kmsFacts = map[string][]string{
	"kms:CancelKeyDeletion":    keys,
	"kms:CreateGrant":          keys,
	"kms:DescribeKey":          keys,
	"kms:DisableKey":           keys,
	"kms:DisableKeyRotation":   keys,
	"kms:EnableKey":            keys,
	"kms:EnableKeyRotation":    keys,
	"kms:GetKeyPolicy":         keys,
	"kms:GetKeyRotationStatus": keys,
	"kms:ListResourceTags":     keys,
	"kms:PutKeyPolicy":         keys,
	"kms:ScheduleKeyDeletion":  keys,
}

var keys = []string{"arn:P:kms:*:A:key/*"}
