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
	if b.block.blockPolicy && isPublic(doc) {
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

// narrowing are the condition keys that keep a policy for everybody from being
// public, when their values are fixed
// (https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html#access-control-block-public-access-policy-status).
var narrowing = map[string]bool{
	"aws:principalorgid": true, "aws:principalorgpaths": true, "aws:principalaccount": true, "aws:principalarn": true,
	"aws:sourcearn": true, "aws:sourceaccount": true, "aws:sourceorgid": true, "aws:sourcevpc": true, "aws:sourcevpce": true,
	"aws:sourceip": true, "aws:sourceowner": true, "aws:userid": true, "s3:dataaccesspointarn": true, "s3:dataaccesspointaccount": true,
}

// isPublic says whether a policy allows everybody something.
func isPublic(doc *policy.Document) bool {
	for _, s := range doc.Statements {
		everybody := s.Principal != nil && (s.Principal.Any || slices.Contains(s.Principal.AWS, "*"))
		if s.Allow && everybody && !slices.ContainsFunc(s.Conditions, narrows) {
			return true
		}
	}
	return false
}

func narrows(c policy.Condition) bool {
	wide := func(v string) bool { return strings.ContainsAny(v, "*?") || strings.HasSuffix(v, "/0") }
	positive := !strings.Contains(c.Operator, "Not") && c.Operator != "Null" && !c.IfExists && !c.ForAll
	return narrowing[c.Key] && positive && !slices.ContainsFunc(c.Values, wide)
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

func putPublicAccessBlock(c *call) (wire.Object, error) {
	b, err := c.bucket()
	if err != nil {
		return nil, err
	}
	in := c.in.object("PublicAccessBlockConfiguration")
	b.blocked = true
	b.block = publicAccessBlock{
		blockACLs: in.flag("BlockPublicAcls", false), ignoreACLs: in.flag("IgnorePublicAcls", false),
		blockPolicy: in.flag("BlockPublicPolicy", false), restrict: in.flag("RestrictPublicBuckets", false),
	}
	return nil, nil
}

func getPublicAccessBlock(c *call) (wire.Object, error) {
	b, err := c.bucket()
	if err != nil {
		return nil, err
	}
	if !b.blocked {
		return nil, s3Error("NoSuchPublicAccessBlockConfiguration", http.StatusNotFound, "The public access block configuration was not found", map[string]string{"BucketName": b.name})
	}
	return wire.Object{"PublicAccessBlockConfiguration": wire.Object{
		"BlockPublicAcls": b.block.blockACLs, "IgnorePublicAcls": b.block.ignoreACLs,
		"BlockPublicPolicy": b.block.blockPolicy, "RestrictPublicBuckets": b.block.restrict,
	}}, nil
}

func deletePublicAccessBlock(c *call) (wire.Object, error) {
	b, err := c.bucket()
	if err != nil {
		return nil, err
	}
	b.block, b.blocked = publicAccessBlock{}, false
	return nil, nil
}
