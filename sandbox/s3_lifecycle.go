package sandbox

import (
	"net/http"

	"riposte.dev/sandbox/wire"
)

// lifecycleOperations keep a bucket's lifecycle rules, and never carry them out
// (https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketLifecycleConfiguration.html).
func lifecycleOperations() []operation {
	op := func(name, action, recorded string, handle func(*call, *bucket) (wire.Object, error)) operation {
		return operation{
			name: name, action: action, resources: bucketOfInput, resourcePolicy: bucketPolicyOf,
			record: recordShape{name: recorded, noResponse: true, requestOf: s3Parameters("lifecycle")},
			handle: func(c *call) (wire.Object, error) {
				b, err := c.bucket()
				if err != nil {
					return nil, err
				}
				return handle(c, b)
			},
		}
	}
	return []operation{
		op("GetBucketLifecycleConfiguration", "s3:GetLifecycleConfiguration", "GetBucketLifecycle", getBucketLifecycle),
		op("PutBucketLifecycleConfiguration", "s3:PutLifecycleConfiguration", "PutBucketLifecycle", putBucketLifecycle),
		op("DeleteBucketLifecycle", "s3:PutLifecycleConfiguration", "DeleteBucketLifecycle", deleteBucketLifecycle),
	}
}

func getBucketLifecycle(_ *call, b *bucket) (wire.Object, error) {
	if b.settings.lifecycle == nil {
		return nil, s3Error("NoSuchLifecycleConfiguration", http.StatusNotFound, "The lifecycle configuration does not exist", map[string]string{"BucketName": b.name})
	}
	return wire.Object{"Rules": b.settings.lifecycle}, nil
}

// putBucketLifecycle wants what S3 wants of each rule: an id of its own, which
// it makes up where there is none, a place, and something to do.
func putBucketLifecycle(c *call, b *bucket) (wire.Object, error) {
	rules := c.in.object("LifecycleConfiguration").objects("Rules")
	if len(rules) == 0 || len(rules) > 1000 {
		return nil, malformedXML()
	}
	ids := map[string]bool{}
	kept := wire.List{}
	for _, rule := range rules {
		if rule.has("Filter") == rule.has("Prefix") {
			return nil, malformedXML()
		}
		does := false
		for _, name := range []string{"Expiration", "NoncurrentVersionExpiration", "AbortIncompleteMultipartUpload"} {
			does = does || rule.has(name)
		}
		if !does && len(rule.objects("Transitions")) == 0 && len(rule.objects("NoncurrentVersionTransitions")) == 0 {
			return nil, s3Error("InvalidRequest", http.StatusBadRequest, "At least one action needs to be specified in a rule", nil)
		}
		e := rule.object("Expiration")
		if e.has("Days") && (e.has("Date") || e.number("Days", 0) < 1) {
			return nil, malformedXML()
		}
		if rule.str("ID") == "" {
			rule["ID"] = c.sb.newUUID()
		}
		if ids[rule.str("ID")] {
			return nil, s3Error("InvalidArgument", http.StatusBadRequest, "Rule ID must be unique. Found same ID for one or more rules", nil)
		}
		ids[rule.str("ID")] = true
		kept = append(kept, wire.Object(rule))
	}
	b.settings.lifecycle = kept
	return nil, nil
}

func deleteBucketLifecycle(_ *call, b *bucket) (wire.Object, error) {
	b.settings.lifecycle = nil
	return nil, nil
}
