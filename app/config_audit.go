package app

import (
	"cmp"
	"slices"
	"time"
)

// AuditConfig says what becomes of the audit record beside the database.
type AuditConfig struct {
	Anchor *AnchorConfig `yaml:"anchor"`
}

// AnchorConfig says where the head of the audit record is kept outside.
type AnchorConfig struct {
	Every  time.Duration `yaml:"every"` // default 24h
	Bucket *AnchorBucket `yaml:"bucket"`
	Notify string        `yaml:"notify"` // a route
}

// AnchorBucket is an S3 bucket that was made with Object Lock.
type AnchorBucket struct {
	Name    string        `yaml:"name" conf:"required"`
	Owner   string        `yaml:"owner" conf:"required"` // 12 digits: the account that it must belong to
	Account string        `yaml:"account"`               // with whose role it is written; default: riposte's own
	Region  string        `yaml:"region"`                // default: riposte's own
	Prefix  string        `yaml:"prefix"`
	Retain  time.Duration `yaml:"retain"` // default 8760h: a year
	Mode    string        `yaml:"mode"`   // GOVERNANCE, or COMPLIANCE (default)
}

// Bounds of anchors. AWS retains by the second; less than an hour between heads says no more and costs a bucket of them.
const (
	defaultAnchorEvery  = 24 * time.Hour
	leastAnchorEvery    = time.Hour
	defaultAnchorRetain = 365 * 24 * time.Hour
	defaultAnchorMode   = "COMPLIANCE"
)

func (c AuditConfig) bucket() *AnchorBucket {
	if c.Anchor == nil {
		return nil
	}
	return c.Anchor.Bucket
}

func (c AuditConfig) check(n NotifyConfig, fail func(path, hint, format string, args ...any)) {
	a := c.Anchor
	if a == nil {
		return
	}
	if a.Bucket == nil && a.Notify == "" {
		fail("audit.anchor", "name a bucket, a route to notify, or both", "an anchor needs a place")
	}
	if a.Every != 0 && a.Every < leastAnchorEvery {
		fail("audit.anchor.every", "write 24h", "%s is less than an hour", a.Every)
	}
	if _, known := n.Routes[a.Notify]; !known && a.Notify != "" {
		fail("audit.anchor.notify", "define it under notify.routes", "there is no route %q", a.Notify)
	}
	if b := a.Bucket; b != nil {
		if b.Owner != "" && !accountID.MatchString(b.Owner) {
			fail("audit.anchor.bucket.owner", "an account has 12 digits; put it in quotes", "%q is not an AWS account", b.Owner)
		}
		if !slices.Contains([]string{"GOVERNANCE", "COMPLIANCE"}, cmp.Or(b.Mode, defaultAnchorMode)) {
			fail("audit.anchor.bucket.mode", "write GOVERNANCE or COMPLIANCE", "there is no mode %q", b.Mode)
		}
	}
}
