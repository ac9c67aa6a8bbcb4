package sandbox

import (
	"net/http"
	"strings"

	"riposte.dev/sandbox/wire"
)

func putBucketTags(c *call) (wire.Object, error) {
	b, err := c.bucket()
	if err != nil {
		return nil, err
	}
	tags := map[string]string{}
	for _, t := range c.in.object("Tagging").objects("TagSet") {
		key, value := t.str("Key"), t.str("Value")
		_, twice := tags[key]
		if key == "" || len(key) > 128 || len(value) > 256 || twice || strings.HasPrefix(lower(key), "aws:") {
			return nil, s3Error("InvalidTag", http.StatusBadRequest, "The TagKey or the TagValue you have provided is invalid", map[string]string{"TagKey": key})
		}
		tags[key] = value
	}
	if len(tags) > maxTags {
		return nil, s3Error("BadRequest", http.StatusBadRequest, "Bucket tag count cannot be greater than 50", nil)
	}
	b.tags = tags
	return nil, nil
}

func getBucketTags(c *call) (wire.Object, error) {
	b, err := c.bucket()
	if err != nil {
		return nil, err
	}
	if len(b.tags) == 0 {
		return nil, s3Error("NoSuchTagSet", http.StatusNotFound, "The TagSet does not exist", map[string]string{"BucketName": b.name})
	}
	return wire.Object{"TagSet": tagList(b.tags)}, nil
}

func deleteBucketTags(c *call) (wire.Object, error) {
	b, err := c.bucket()
	if err != nil {
		return nil, err
	}
	b.tags = nil
	return nil, nil
}
