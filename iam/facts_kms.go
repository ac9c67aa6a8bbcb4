package iam

var kmsFacts = map[string][]string{
	"kms:CancelKeyDeletion":               keys,
	"kms:CreateGrant":                     keys,
	"kms:Decrypt":                         keys,
	"kms:DescribeKey":                     keys,
	"kms:DisableKey":                      keys,
	"kms:DisableKeyRotation":              keys,
	"kms:EnableKey":                       keys,
	"kms:EnableKeyRotation":               keys,
	"kms:Encrypt":                         keys,
	"kms:GenerateDataKey":                 keys,
	"kms:GenerateDataKeyWithoutPlaintext": keys,
	"kms:GetKeyPolicy":                    keys,
	"kms:GetKeyRotationStatus":            keys,
	"kms:ListResourceTags":                keys,
	"kms:PutKeyPolicy":                    keys,
	"kms:ReEncryptFrom":                   keys,
	"kms:ReEncryptTo":                     keys,
	"kms:ScheduleKeyDeletion":             keys,
}

var keys = []string{"arn:P:kms:*:A:key/*"}
