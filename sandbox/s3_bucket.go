package sandbox

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"net/http"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"time"

	"riposte.dev/sandbox/policy"
	"riposte.dev/sandbox/wire"
)

// buckets are the buckets of all accounts: they share one namespace.
type buckets struct {
	byName   map[string]*bucket
	stored   int   // bytes of all objects
	sequence int64 // of the latest change of an object
}

type bucket struct {
	name, account, region string
	created               time.Time
	policy                string // "" without
	block                 publicAccessBlock
	blocked               bool // whether block was configured, and not deleted
	lock                  bool // whether its objects can be retained
	objects               map[string]*object
	tags                  map[string]string // replaced, never changed
	notify                notifications     // replaced, never changed
	settings              bucketSettings
}

func newBuckets() *buckets { return &buckets{byName: map[string]*bucket{}} }

func (s *buckets) clone() stater {
	out := newBuckets()
	out.stored, out.sequence = s.stored, s.sequence
	for name, b := range s.byName {
		c := *b
		c.objects = maps.Clone(b.objects) // objects are replaced, never changed
		out.byName[name] = &c
	}
	return out
}

func (c *call) s3() *buckets { return stateOf(c, stateKey{service: "s3"}, newBuckets) }

// document is the policy, parsed; PutBucketPolicy saw to it that it can be.
func (b *bucket) document() *policy.Document {
	if b.policy == "" {
		return nil
	}
	doc, err := policy.Parse([]byte(b.policy))
	if err != nil {
		return nil
	}
	return doc
}

// bucket is the one that the input names.
func (c *call) bucket() (*bucket, error) {
	name := c.in.str("Bucket")
	b := c.s3().byName[name]
	if b == nil {
		return nil, &wire.Error{
			Code: "NoSuchBucket", Status: http.StatusNotFound, Message: "The specified bucket does not exist",
			Fields: map[string]string{"BucketName": name},
		}
	}
	return b, nil
}

func s3Error(code string, status int, message string, fields map[string]string) *wire.Error {
	return &wire.Error{Code: code, Status: status, Message: message, Fields: fields}
}

// canonicalID is the account's id in S3's words.
func canonicalID(account string) string {
	sum := sha256.Sum256([]byte("canonical user of " + account))
	return hex.EncodeToString(sum[:])
}

func listBuckets(c *call) (wire.Object, error) {
	out := wire.List{}
	all := c.s3().byName
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if b := all[name]; b.account == c.account.id {
			out = append(out, wire.Object{"Name": name, "CreationDate": b.created})
		}
	}
	return wire.Object{"Buckets": out, "Owner": wire.Object{"ID": canonicalID(c.account.id)}}, nil
}

// bucketName is the rule of
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html.
var bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)

// maxBuckets is the quota of buckets of an account.
const maxBuckets = 10_000

func createBucket(c *call) (wire.Object, error) {
	name := c.in.str("Bucket")
	fields := map[string]string{"BucketName": name}
	_, notIP := netip.ParseAddr(name)
	if !bucketName.MatchString(name) || strings.Contains(name, "..") || notIP == nil {
		return nil, s3Error("InvalidBucketName", http.StatusBadRequest, "The specified bucket is not valid.", fields)
	}
	region, err := c.locationOfNewBucket()
	if err != nil {
		return nil, err
	}
	all := c.s3().byName
	if b := all[name]; b != nil {
		switch {
		case b.account != c.account.id:
			return nil, s3Error("BucketAlreadyExists", http.StatusConflict, "The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please select a different name and try again.", fields)
		case b.region == defaultRegion && region == defaultRegion:
			// The one region that takes a second creation for the first.
			return wire.Object{"Location": "/" + name}, nil
		}
		return nil, s3Error("BucketAlreadyOwnedByYou", http.StatusConflict, "Your previous request to create the named bucket succeeded and you already own it.", fields)
	}
	owned := 0
	for _, b := range all {
		if b.account == c.account.id {
			owned++
		}
	}
	if owned >= maxBuckets {
		return nil, s3Error("TooManyBuckets", http.StatusBadRequest, "You have attempted to create more buckets than allowed", nil)
	}
	acl, err := c.aclAsked(c.account.id)
	if err != nil {
		return nil, err
	}
	ownership := c.in.str("ObjectOwnership")
	enforced := ownership == "" || ownership == "BucketOwnerEnforced"
	switch {
	case enforced && len(acl) > 1:
		return nil, s3Error("InvalidBucketAclWithObjectOwnership", http.StatusBadRequest, "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting", fields)
	case slices.ContainsFunc(acl, toPublic):
		return nil, s3Error("InvalidBucketAclWithBlockPublicAccessError", http.StatusBadRequest, "Bucket cannot have public ACLs set with BlockPublicAccess enabled", fields)
	}
	all[name] = &bucket{
		name: name, account: c.account.id, region: region, created: c.time.UTC(), objects: map[string]*object{},
		block: publicAccessBlock{true, true, true, true}, blocked: true, // the default since April 2023
		lock: c.in["ObjectLockEnabledForBucket"] == true, settings: bucketSettings{ownership: ownership, acl: acl},
	}
	c.subject("AWS::S3::Bucket", name)
	location := "/" + name
	if region != defaultRegion {
		location = "http://" + name + ".s3.amazonaws.com/"
	}
	return wire.Object{"Location": location}, nil
}

// locationOfNewBucket is the region that CreateBucket asks for: the constraint,
// which outside us-east-1 must be the region of the endpoint.
func (c *call) locationOfNewBucket() (string, error) {
	constraint := c.in.object("CreateBucketConfiguration").str("LocationConstraint")
	if constraint == "EU" {
		constraint = "eu-west-1"
	}
	switch {
	case c.region == defaultRegion && constraint == "":
		return defaultRegion, nil
	case constraint == "":
		return "", s3Error("IllegalLocationConstraintException", http.StatusBadRequest, "The unspecified location constraint is incompatible for the region specific endpoint this request was sent to.", nil)
	case constraint == defaultRegion, !slices.Contains(ec2Regions, constraint):
		return "", s3Error("InvalidLocationConstraint", http.StatusBadRequest, "The specified location-constraint is not valid", map[string]string{"LocationConstraint": constraint})
	case c.region != defaultRegion && constraint != c.region:
		return "", s3Error("IllegalLocationConstraintException", http.StatusBadRequest, "The "+constraint+" location constraint is incompatible for the region specific endpoint this request was sent to.", nil)
	}
	return constraint, nil
}

func deleteBucket(c *call) (wire.Object, error) {
	b, err := c.bucket()
	if err != nil {
		return nil, err
	}
	if len(b.objects) > 0 {
		return nil, s3Error("BucketNotEmpty", http.StatusConflict, "The bucket you tried to delete is not empty", map[string]string{"BucketName": b.name})
	}
	delete(c.s3().byName, b.name)
	return nil, nil
}

func headBucket(c *call) (wire.Object, error) {
	b, err := c.bucket()
	if err != nil {
		return nil, err
	}
	c.answer = &wire.Response{Status: http.StatusOK, Header: http.Header{
		"X-Amz-Bucket-Region": {b.region}, "X-Amz-Request-Id": {c.requestID}, "Content-Type": {"application/xml"},
	}}
	return nil, nil
}

// getBucketLocation says nothing for us-east-1, as ever.
func getBucketLocation(c *call) (wire.Object, error) {
	b, err := c.bucket()
	if err != nil || b.region == defaultRegion {
		return nil, err
	}
	return wire.Object{"LocationConstraint": b.region}, nil
}
