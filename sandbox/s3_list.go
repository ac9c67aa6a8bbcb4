package sandbox

import (
	"encoding/base64"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"riposte.dev/sandbox/wire"
)

// listing is a page of a bucket's keys: those with the delimiter after the
// prefix are rolled up into common prefixes.
type listing struct {
	objects, prefixes wire.List
	last              string // entry of the page
	truncated         bool
}

// list makes the page of at most size entries that follows the key after, and
// the entry last of the page before ("" at the start).
func (c *call) list(b *bucket, after, last string, size int) listing {
	prefix, delimiter := c.in.str("Prefix"), c.in.str("Delimiter")
	page := listing{objects: wire.List{}, prefixes: wire.List{}, last: last}
	for _, key := range slices.Sorted(maps.Keys(b.objects)) {
		rest, fits := strings.CutPrefix(key, prefix)
		entry, folder := key, false
		if head, _, found := strings.Cut(rest, delimiter); delimiter != "" && found {
			entry, folder = prefix+head+delimiter, true
		}
		if !fits || entry <= page.last || key <= after {
			continue
		}
		if len(page.objects)+len(page.prefixes) == size {
			page.truncated = size > 0
			break
		}
		page.last = entry
		if folder {
			page.prefixes = append(page.prefixes, wire.Object{"Prefix": c.encodeKey(entry)})
			continue
		}
		o := b.objects[key]
		page.objects = append(page.objects, wire.Object{
			"Key": c.encodeKey(key), "LastModified": o.modified, "ETag": o.etag, "Size": int64(len(o.body)), "StorageClass": "STANDARD",
		})
	}
	return page
}

// encodeKey writes a key as the caller asked for: XML can't have them all.
func (c *call) encodeKey(key string) string {
	if c.in.str("EncodingType") != "url" {
		return key
	}
	return strings.ReplaceAll(url.QueryEscape(key), "%2F", "/")
}

// listOutput is what both versions of the operation answer.
func (c *call) listOutput(b *bucket, page listing, size int) wire.Object {
	out := wire.Object{
		"Name": b.name, "Prefix": c.encodeKey(c.in.str("Prefix")), "MaxKeys": int64(size), "IsTruncated": page.truncated,
		"Contents": page.objects, "CommonPrefixes": page.prefixes,
	}
	put(out, "Delimiter", c.encodeKey(c.in.str("Delimiter")))
	put(out, "EncodingType", c.in.str("EncodingType"))
	return out
}

func (c *call) maxKeys() int { return min(max(c.in.number("MaxKeys", 1000), 0), 1000) }

func listObjectsV2(c *call) (wire.Object, error) {
	b, err := c.bucket()
	if err != nil {
		return nil, err
	}
	after, last := c.in.str("StartAfter"), ""
	if token := c.in.str("ContinuationToken"); token != "" {
		text, err := base64.RawURLEncoding.DecodeString(token)
		if err != nil {
			return nil, s3Error("InvalidArgument", http.StatusBadRequest, "The continuation token provided is incorrect", nil)
		}
		after, last = string(text), string(text)
	}
	page := c.list(b, after, last, c.maxKeys())
	out := c.listOutput(b, page, c.maxKeys())
	out["KeyCount"] = int64(len(page.objects) + len(page.prefixes))
	put(out, "StartAfter", c.encodeKey(c.in.str("StartAfter")))
	put(out, "ContinuationToken", c.in.str("ContinuationToken"))
	if page.truncated {
		out["NextContinuationToken"] = base64.RawURLEncoding.EncodeToString([]byte(page.last))
	}
	return out, nil
}

// listObjects is the first version, whose marker is the last entry itself.
func listObjects(c *call) (wire.Object, error) {
	b, err := c.bucket()
	if err != nil {
		return nil, err
	}
	marker := c.in.str("Marker")
	page := c.list(b, marker, marker, c.maxKeys())
	out := c.listOutput(b, page, c.maxKeys())
	out["Marker"] = c.encodeKey(marker)
	if page.truncated && c.in.has("Delimiter") {
		out["NextMarker"] = c.encodeKey(page.last)
	}
	return out, nil
}
