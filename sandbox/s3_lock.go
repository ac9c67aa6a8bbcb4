package sandbox

import (
	"net/http"
	"time"

	"riposte.dev/sandbox/wire"
)

// retention is what Object Lock holds an object with
// (https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html). Buckets here have no versions, so a write that
// AWS would answer with a new version, or with a delete marker, is refused as one of the locked version is.
type retention struct {
	mode  string // GOVERNANCE or COMPLIANCE; "" for none
	until time.Time
}

// getObjectLock says whether the bucket was made with Object Lock. Buckets here have no retention of their own: each object says its.
func getObjectLock(c *call) (wire.Object, error) {
	b, err := c.bucket()
	if err != nil {
		return nil, err
	}
	if !b.lock {
		return nil, s3Error("ObjectLockConfigurationNotFoundError", http.StatusNotFound, "Object Lock configuration does not exist for this bucket", map[string]string{"BucketName": b.name})
	}
	return wire.Object{"ObjectLockConfiguration": wire.Object{"ObjectLockEnabled": "Enabled"}}, nil
}

// retentionOf is what PutObject asks for.
func (c *call) retentionOf(b *bucket) (retention, error) {
	r := retention{mode: c.in.str("ObjectLockMode")}
	until, dated := c.in["ObjectLockRetainUntilDate"].(time.Time)
	r.until = until
	invalid := func(code, message string) (retention, error) {
		return retention{}, s3Error(code, http.StatusBadRequest, message, nil)
	}
	switch {
	case r.mode == "" && !dated:
		return r, nil
	case r.mode == "" || !dated:
		return invalid("InvalidArgument", "x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied")
	case !b.lock:
		return invalid("InvalidRequest", "Bucket is missing Object Lock Configuration")
	case !r.until.After(c.time):
		return invalid("InvalidArgument", "The retain until date must be in the future!")
	}
	return r, nil
}

// held refuses to change an object that is still retained.
func (c *call) held(o *object) error {
	if o != nil && o.retained.mode != "" && o.retained.until.After(c.time) {
		return s3Error("AccessDenied", http.StatusForbidden, "Access Denied because object protected by object lock.", nil)
	}
	return nil
}

// show adds the retention to what HeadObject and GetObject answer.
func (r retention) show(out wire.Object) {
	if r.mode != "" {
		out["ObjectLockMode"], out["ObjectLockRetainUntilDate"] = r.mode, r.until
	}
}

// retains is the permission that a retention takes beside s3:PutObject.
func retains(c *call) []need {
	if c.in.str("ObjectLockMode") == "" {
		return nil
	}
	return []need{{"s3:PutObjectRetention", objectOfInput(c)[0]}}
}
