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
	metadata wire.Object
	modified time.Time
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
	sum := md5.Sum(body)
	if want := c.in.str("ContentMD5"); want != "" && want != base64.StdEncoding.EncodeToString(sum[:]) {
		return nil, s3Error("BadDigest", http.StatusBadRequest, "The Content-MD5 you specified did not match what we received.", nil)
	}
	if c.s3().size()+len(body) > maxStored {
		return nil, s3Error("ServiceUnavailable", http.StatusServiceUnavailable, "The sandbox holds as many bytes as it takes: delete objects first", nil)
	}
	o := &object{
		body: slices.Clone(body), etag: `"` + hex.EncodeToString(sum[:]) + `"`, modified: c.time.UTC(),
		kind: orElse(c.in.str("ContentType"), "binary/octet-stream"), metadata: wire.Object(c.in.object("Metadata")),
	}
	b.objects[key] = o
	return wire.Object{"ETag": o.etag, "ServerSideEncryption": "AES256"}, nil
}

func (s *buckets) size() int {
	n := 0
	for _, b := range s.byName {
		for _, o := range b.objects {
			n += len(o.body)
		}
	}
	return n
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
	out["Body"] = o.body
	return out, nil
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
	delete(b.objects, c.in.str("Key"))
	return nil, nil
}
