package sandbox

import (
	"net/http"

	"riposte.dev/sandbox/wire"
)

// bucketSettings is how a bucket treats its objects, apart from who may use
// them. Its members are replaced, never changed.
type bucketSettings struct {
	encryption wire.Object // ServerSideEncryptionConfiguration; nil: S3's own keys
	versioning string      // VersioningConfiguration's Status; "" if it was never on
	logging    wire.Object // LoggingEnabled
	acl        wire.List   // grants beside the owner's; nil: the owner's alone
	ownership  string      // ObjectOwnership
	lifecycle  wire.List   // rules
	retention  wire.Object // DefaultRetention of Object Lock; nil: none
}

// settingOperations read and write bucketSettings.
func settingOperations(of func(address ...string) recordShape) []operation {
	op := func(name, action, address string, handle func(*call, *bucket) (wire.Object, error)) operation {
		return operation{
			name: name, action: action, resources: bucketOfInput, resourcePolicy: bucketPolicyOf, record: of(address),
			handle: func(c *call) (wire.Object, error) {
				b, err := c.bucket()
				if err != nil {
					return nil, err
				}
				return handle(c, b)
			},
		}
	}
	plain := []operation{
		op("GetBucketEncryption", "s3:GetEncryptionConfiguration", "encryption", getBucketEncryption),
		op("PutBucketEncryption", "s3:PutEncryptionConfiguration", "encryption", putBucketEncryption),
		op("GetBucketVersioning", "", "versioning", getBucketVersioning),
		op("PutBucketVersioning", "", "versioning", putBucketVersioning),
		op("GetBucketLogging", "", "logging", getBucketLogging),
		op("PutBucketLogging", "", "logging", putBucketLogging),
		op("GetBucketAcl", "", "acl", getBucketACL),
		op("PutBucketAcl", "", "acl", putBucketACL),
	}
	return append(plain, lifecycleOperations()...)
}

// getBucketEncryption shows what S3 does by itself where nothing was said
// (https://docs.aws.amazon.com/AmazonS3/latest/userguide/default-bucket-encryption.html).
func getBucketEncryption(_ *call, b *bucket) (wire.Object, error) {
	if b.settings.encryption != nil {
		return wire.Object{"ServerSideEncryptionConfiguration": b.settings.encryption}, nil
	}
	return wire.Object{"ServerSideEncryptionConfiguration": wire.Object{"Rules": wire.List{wire.Object{
		"ApplyServerSideEncryptionByDefault": wire.Object{"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": false,
	}}}}, nil
}

func putBucketEncryption(c *call, b *bucket) (wire.Object, error) {
	config := c.in.object("ServerSideEncryptionConfiguration")
	rules := config.objects("Rules")
	if len(rules) != 1 {
		return nil, malformedXML()
	}
	rule := rules[0].object("ApplyServerSideEncryptionByDefault")
	if rule.str("SSEAlgorithm") == "AES256" && rule.has("KMSMasterKeyID") {
		return nil, s3Error("InvalidArgument", http.StatusBadRequest, "a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse", nil)
	}
	b.settings.encryption = wire.Object(config)
	return nil, nil
}

func malformedXML() error {
	return s3Error("MalformedXML", http.StatusBadRequest, "The XML you provided was not well-formed or did not validate against our published schema", nil)
}

func getBucketVersioning(_ *call, b *bucket) (wire.Object, error) {
	out := wire.Object{}
	put(out, "Status", b.settings.versioning)
	return out, nil
}

func putBucketVersioning(c *call, b *bucket) (wire.Object, error) {
	status := c.in.object("VersioningConfiguration").str("Status")
	switch {
	case status != "Enabled" && status != "Suspended":
		return nil, s3Error("IllegalVersioningConfigurationException", http.StatusBadRequest, "The Versioning element must be specified", nil)
	case status == "Suspended" && b.lock:
		return nil, s3Error("InvalidBucketState", http.StatusConflict, "An Object Lock configuration is present on this bucket, so the versioning state cannot be changed.", nil)
	}
	b.settings.versioning = status
	return nil, nil
}

func getBucketLogging(_ *call, b *bucket) (wire.Object, error) {
	if b.settings.logging == nil {
		return wire.Object{}, nil
	}
	return wire.Object{"LoggingEnabled": b.settings.logging}, nil
}

// putBucketLogging takes a target of the same account and region, whatever its
// policy says.
func putBucketLogging(c *call, b *bucket) (wire.Object, error) {
	enabled := c.in.object("BucketLoggingStatus").object("LoggingEnabled")
	if enabled == nil {
		b.settings.logging = nil
		return nil, nil
	}
	target := c.s3().byName[enabled.str("TargetBucket")]
	if target == nil || target.account != b.account || target.region != b.region {
		return nil, s3Error("InvalidTargetBucketForLogging", http.StatusBadRequest, "The target bucket for logging does not exist",
			map[string]string{"TargetBucket": enabled.str("TargetBucket")})
	}
	b.settings.logging = wire.Object(enabled)
	return nil, nil
}
