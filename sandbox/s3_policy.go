package sandbox

import (
	"net/http"
	"slices"
	"strings"

	"riposte.dev/sandbox/policy"
	"riposte.dev/sandbox/wire"
)

func putBucketPolicy(c *call) (wire.Object, error) {
	b, err := c.bucket()
	if err != nil {
		return nil, err
	}
	text := c.in.str("Policy")
	doc, err := policy.Parse([]byte(text))
	if err != nil {
		return nil, s3Error("MalformedPolicy", http.StatusBadRequest, err.Error(), nil)
	}
	if problem := unfitFor(doc, "arn:aws:s3:::"+b.name); problem != "" {
		return nil, s3Error("MalformedPolicy", http.StatusBadRequest, problem, nil)
	}
	if c.blockOn(b).blockPolicy && isPublic(doc) {
		req := c.policyRequest(c.op.action, "arn:aws:s3:::"+b.name, nil)
		return nil, c.denied(req, "because public policies are prevented by the BlockPublicPolicy setting in S3 Block Public Access.")
	}
	b.policy = text
	return nil, nil
}

// unfitFor says why a document can't be the policy of a bucket, in S3's words.
func unfitFor(doc *policy.Document, arn string) string {
	for _, s := range doc.Statements {
		if s.Principal == nil && s.NotPrincipal == nil {
			return "Missing required field Principal"
		}
		resources := slices.Concat(s.Resources, s.NotResources)
		if len(resources) == 0 {
			return "Missing required field Resource"
		}
		for _, r := range resources {
			if r != arn && !strings.HasPrefix(r, arn+"/") && !policy.Like(arn, r) {
				return "Policy has invalid resource"
			}
		}
		for _, a := range slices.Concat(s.Actions, s.NotActions) {
			if a != "*" && !strings.HasPrefix(lower(a), "s3:") {
				return "Policy has invalid action"
			}
		}
	}
	return ""
}

func noPolicy(b *bucket) error {
	return s3Error("NoSuchBucketPolicy", http.StatusNotFound, "The bucket policy does not exist", map[string]string{"BucketName": b.name})
}

func getBucketPolicy(c *call) (wire.Object, error) {
	b, err := c.bucket()
	if err != nil {
		return nil, err
	}
	if b.policy == "" {
		return nil, noPolicy(b)
	}
	return wire.Object{"Policy": b.policy}, nil
}

func getBucketPolicyStatus(c *call) (wire.Object, error) {
	b, err := c.bucket()
	if err != nil {
		return nil, err
	}
	if b.policy == "" {
		return nil, noPolicy(b)
	}
	return wire.Object{"PolicyStatus": wire.Object{"IsPublic": isPublic(b.document())}}, nil
}

func deleteBucketPolicy(c *call) (wire.Object, error) {
	b, err := c.bucket()
	if err != nil {
		return nil, err
	}
	b.policy = ""
	return nil, nil
}
