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

// getObjectLock says whether the bucket has Object Lock, and how long it holds what says no time of its own.
func getObjectLock(c *call) (wire.Object, error) {
	b, err := c.bucket()
	if err != nil {
		return nil, err
	}
	if !b.lock {
		return nil, s3Error("ObjectLockConfigurationNotFoundError", http.StatusNotFound, "Object Lock configuration does not exist for this bucket", map[string]string{"BucketName": b.name})
	}
	config := wire.Object{"ObjectLockEnabled": "Enabled"}
	if b.settings.retention != nil {
		config["Rule"] = wire.Object{"DefaultRetention": b.settings.retention}
	}
	return wire.Object{"ObjectLockConfiguration": config}, nil
}

// putObjectLock switches Object Lock on, for good, or changes the default retention
// (https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock-configure.html).
func putObjectLock(c *call) (wire.Object, error) {
	b, err := c.bucket()
	if err != nil {
		return nil, err
	}
	config := c.in.object("ObjectLockConfiguration")
	byDefault := config.object("Rule").object("DefaultRetention")
	days, years := byDefault.number("Days", 0), byDefault.number("Years", 0)
	switch {
	case b.settings.versioning != "Enabled" && !b.lock:
		return nil, s3Error("InvalidBucketState", http.StatusConflict, "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration", nil)
	case config.str("ObjectLockEnabled") != "Enabled",
		byDefault != nil && (byDefault.str("Mode") == "" || (days > 0) == (years > 0) || days > 36500 || years > 100):
		return nil, malformedXML()
	}
	b.lock, b.settings.retention = true, wire.Object(byDefault)
	return nil, nil
}

// byDefault is the retention of an object that says none.
func (b *bucket) byDefault(now time.Time) retention {
	rule := input(b.settings.retention)
	if rule == nil {
		return retention{}
	}
	return retention{rule.str("Mode"), now.AddDate(rule.number("Years", 0), 0, rule.number("Days", 0))}
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
		return b.byDefault(c.time), nil
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
