package sandbox

import (
	"crypto/md5" //nolint:gosec // S3's entity tags are MD5
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
	"time"

	"riposte.dev/sandbox/wire"
)

type object struct {
	body     []byte
	etag     string
	kind     string // Content-Type
	encoding string // Content-Encoding; "" without
	metadata wire.Object
	modified time.Time
	retained retention
}

// maxStored bounds what all objects of the sandbox take, in bytes.
const maxStored = 1 << 30

func putObject(c *call) (wire.Object, error) {
	b, err := c.bucket()
	if err != nil {
		return nil, err
	}
	key := c.in.str("Key")
	if len(key) > 1024 {
		return nil, s3Error("KeyTooLongError", http.StatusBadRequest, "Your key is too long", nil)
	}
	body, _ := c.in["Body"].([]byte)
	sum := md5.Sum(body) //nolint:gosec // a checksum that the client chose
	if want := c.in.str("ContentMD5"); want != "" && want != base64.StdEncoding.EncodeToString(sum[:]) {
		return nil, s3Error("BadDigest", http.StatusBadRequest, "The Content-MD5 you specified did not match what we received.", nil)
	}
	retained, err := c.retentionOf(b)
	if err != nil {
		return nil, err
	}
	if err := c.held(b.objects[key]); err != nil {
		return nil, err
	}
	o := newObject(slices.Clone(body), c.time)
	o.retained = retained
	o.kind, o.metadata = orElse(c.in.str("ContentType"), o.kind), wire.Object(c.in.object("Metadata"))
	// aws-chunked is how the request travelled, and is off by now.
	o.encoding = strings.Trim(strings.ReplaceAll(c.in.str("ContentEncoding"), "aws-chunked", ""), ", ")
	if err := c.sb.storeObject(b, key, o, c.s3Request()); err != nil {
		return nil, err
	}
	return wire.Object{"ETag": o.etag, "ServerSideEncryption": "AES256"}, nil
}

func newObject(body []byte, now time.Time) *object {
	sum := md5.Sum(body) //nolint:gosec // S3's entity tags are MD5
	return &object{body: body, etag: `"` + hex.EncodeToString(sum[:]) + `"`, modified: now.UTC(), kind: "binary/octet-stream"}
}

// storeObject puts an object into a bucket, and tells whoever listens. The lock
// is held.
func (s *Sandbox) storeObject(b *bucket, key string, o *object, r s3Request) error {
	all := liveState(s, stateKey{service: "s3"}, newBuckets)
	grown := all.stored + len(o.body)
	if old := b.objects[key]; old != nil {
		grown -= len(old.body)
	}
	if grown > maxStored {
		return s3Error("ServiceUnavailable", http.StatusServiceUnavailable, "The sandbox holds as many bytes as it takes: delete objects first", nil)
	}
	b.objects[key], all.stored = o, grown
	s.notifyOfObject(b, objectChange{created: true, key: key, object: o, request: r})
	return nil
}

// object is the one that the input names.
func (c *call) object() (*object, error) {
	b, err := c.bucket()
	if err != nil {
		return nil, err
	}
	o := b.objects[c.in.str("Key")]
	if o == nil {
		return nil, s3Error("NoSuchKey", http.StatusNotFound, "The specified key does not exist.", map[string]string{"Key": c.in.str("Key")})
	}
	return o, nil
}

func getObject(c *call) (wire.Object, error) {
	out, err := headObject(c)
	if err != nil {
		return nil, err
	}
	o, err := c.object()
	if err != nil {
		return nil, err
	}
	return c.partOf(o, out)
}

func headObject(c *call) (wire.Object, error) {
	o, err := c.object()
	if err != nil {
		return nil, err
	}
	if want := c.in.str("IfMatch"); want != "" && want != "*" && strings.Trim(want, `"`) != strings.Trim(o.etag, `"`) {
		return nil, s3Error("PreconditionFailed", http.StatusPreconditionFailed, "At least one of the pre-conditions you specified did not hold", map[string]string{"Condition": "If-Match"})
	}
	out := wire.Object{
		"ContentLength": int64(len(o.body)), "ContentType": o.kind, "ETag": o.etag, "LastModified": o.modified,
		"AcceptRanges": "bytes", "ServerSideEncryption": "AES256",
	}
	put(out, "ContentEncoding", o.encoding)
	o.retained.show(out)
	if len(o.metadata) > 0 {
		out["Metadata"] = o.metadata
	}
	return out, nil
}

// deleteObject is content when there was nothing to delete.
func deleteObject(c *call) (wire.Object, error) {
	b, err := c.bucket()
	if err != nil {
		return nil, err
	}
	key := c.in.str("Key")
	if err := c.held(b.objects[key]); err != nil {
		return nil, err
	}
	if o := b.objects[key]; o != nil {
		delete(b.objects, key)
		c.s3().stored -= len(o.body)
		c.sb.notifyOfObject(b, objectChange{key: key, object: o, request: c.s3Request()})
	}
	return nil, nil
}
