package sandbox

import (
	"net/http"
	"regexp"
	"slices"
	"strings"

	"riposte.dev/sandbox/wire"
)

const (
	allUsersGroup           = "http://acs.amazonaws.com/groups/global/AllUsers"
	authenticatedUsersGroup = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers"
	logDeliveryGroup        = "http://acs.amazonaws.com/groups/s3/LogDelivery"
)

// grantHeaders are the headers that grant, by member of the input; each gives a permission.
var grantHeaders = []struct{ member, header, permission string }{
	{"GrantFullControl", "x-amz-grant-full-control", "FULL_CONTROL"}, {"GrantRead", "x-amz-grant-read", "READ"},
	{"GrantReadACP", "x-amz-grant-read-acp", "READ_ACP"}, {"GrantWrite", "x-amz-grant-write", "WRITE"},
	{"GrantWriteACP", "x-amz-grant-write-acp", "WRITE_ACP"},
}

// headerGrantee is one of those that a header names; addresses of e-mail are no longer taken.
var headerGrantee = regexp.MustCompile(`^\s*(id|uri)\s*=\s*"?([^",]+)"?\s*$`)

// getBucketACL shows the one list that new buckets have, all is the owner's, or
// what was put in its place where the bucket takes lists
// (https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html).
func getBucketACL(_ *call, b *bucket) (wire.Object, error) {
	grants := b.settings.acl
	if grants == nil {
		grants = ownersGrant(b.account)
	}
	return wire.Object{"Owner": wire.Object{"ID": canonicalID(b.account)}, "Grants": grants}, nil
}

func putBucketACL(c *call, b *bucket) (wire.Object, error) {
	if b.settings.ownership == "" || b.settings.ownership == "BucketOwnerEnforced" {
		return nil, s3Error("AccessControlListNotSupported", http.StatusBadRequest, "The bucket does not allow ACLs", nil)
	}
	grants, err := c.aclAsked(b.account)
	if err != nil {
		return nil, err
	}
	if grants == nil {
		return nil, malformedXML()
	}
	if c.blockOn(b).blockACLs && slices.ContainsFunc(grants, toPublic) {
		return nil, c.fail(wire.Denied, "Access Denied")
	}
	b.settings.acl = grants
	return nil, nil
}

func toPublic(g any) bool {
	uri := input(g.(wire.Object)).object("Grantee").str("URI")
	return uri == allUsersGroup || uri == authenticatedUsersGroup
}

func ownersGrant(account string) wire.List {
	return wire.List{wire.Object{"Grantee": wire.Object{"ID": canonicalID(account), "Type": "CanonicalUser"}, "Permission": "FULL_CONTROL"}}
}

// aclAsked is the list that a request asks for, in the one of three ways that S3 takes; nil for none
// (https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketAcl.html).
func (c *call) aclAsked(owner string) (wire.List, error) {
	whole, canned, headers := c.in.has("AccessControlPolicy"), c.in.str("ACL"), c.in.grantHeaders()
	switch {
	case whole && (canned != "" || headers != nil):
		return nil, s3Error("UnexpectedContent", http.StatusBadRequest, "This request does not support content", nil)
	case canned != "" && headers != nil:
		return nil, s3Error("InvalidRequest", http.StatusBadRequest, "Specifying both Canned ACLs and Header Grants is not allowed", nil)
	case whole:
		grants := wire.List{}
		for _, g := range c.in.object("AccessControlPolicy").objects("Grants") {
			grants = append(grants, wire.Object(g))
		}
		return grants, nil
	case canned != "":
		return cannedACL(canned, owner), nil
	}
	var grants wire.List
	for _, h := range grantHeaders {
		for name := range strings.SplitSeq(headers[h.header], ",") {
			if name == "" {
				continue
			}
			m := headerGrantee.FindStringSubmatch(name)
			if m == nil {
				return nil, s3Error("InvalidArgument", http.StatusBadRequest, "Argument format not recognized", nil)
			}
			to := wire.Object{"Type": "CanonicalUser", "ID": m[2]}
			if m[1] == "uri" {
				to = wire.Object{"Type": "Group", "URI": m[2]}
			}
			grants = append(grants, wire.Object{"Grantee": to, "Permission": h.permission})
		}
	}
	return grants, nil
}

// grantHeaders are the headers of the request that grant; nil for none.
func (in input) grantHeaders() map[string]string {
	var out map[string]string
	for _, h := range grantHeaders {
		if text := in.str(h.member); text != "" {
			if out == nil {
				out = map[string]string{}
			}
			out[h.header] = text
		}
	}
	return out
}

// cannedACL is the list that a name stands for
// (https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#canned-acl).
func cannedACL(name, owner string) wire.List {
	to := func(uri string, permissions ...string) wire.List {
		list := ownersGrant(owner)
		for _, p := range permissions {
			list = append(list, wire.Object{"Grantee": wire.Object{"Type": "Group", "URI": uri}, "Permission": p})
		}
		return list
	}
	switch name {
	case "public-read":
		return to(allUsersGroup, "READ")
	case "public-read-write":
		return to(allUsersGroup, "READ", "WRITE")
	case "authenticated-read":
		return to(authenticatedUsersGroup, "READ")
	}
	return ownersGrant(owner) // private
}
