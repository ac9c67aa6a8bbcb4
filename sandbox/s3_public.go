package sandbox

import (
	"net/netip"
	"slices"
	"strings"

	"riposte.dev/sandbox/policy"
)

// narrowing are the condition keys that keep a policy for everybody from being
// public, when their values are fixed
// (https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html#access-control-block-public-access-policy-status).
var narrowing = map[string]bool{
	"aws:principalorgid": true, "aws:principalorgpaths": true, "aws:principalaccount": true, "aws:principalarn": true,
	"aws:sourcearn": true, "aws:sourceaccount": true, "aws:sourceorgid": true, "aws:sourcevpc": true, "aws:sourcevpce": true,
	"aws:sourceip": true, "aws:sourceowner": true, "aws:userid": true, "s3:dataaccesspointarn": true, "s3:dataaccesspointaccount": true,
	"s3:x-amz-server-side-encryption-aws-kms-key-id": true,
}

// isPublic says whether a policy allows everybody something.
func isPublic(doc *policy.Document) bool {
	for _, s := range doc.Statements {
		everybody := s.NotPrincipal != nil || s.Principal != nil && (s.Principal.Any || slices.Contains(s.Principal.AWS, "*"))
		if s.Allow && everybody && !slices.ContainsFunc(s.Conditions, narrows) {
			return true
		}
	}
	return false
}

// narrows says whether a condition keeps everybody but a fixed few out. It
// doesn't where an absent key meets it.
func narrows(c policy.Condition) bool {
	if !narrowing[c.Key] || strings.Contains(c.Operator, "not") || c.Operator == "null" || c.IfExists || c.ForAll {
		return false
	}
	return !slices.ContainsFunc(c.Values, func(v string) bool { return wide(c.Key, v) })
}

// wide says whether a value stands for more than a fixed few.
func wide(key, value string) bool {
	switch key {
	case "aws:sourceip":
		return wideNetwork(value)
	case "s3:dataaccesspointarn":
		// The name of the access point may be open as long as the account isn't.
		if parts := strings.SplitN(value, ":", 6); len(parts) == 6 {
			value = strings.Join(parts[:5], ":")
		}
	}
	return strings.ContainsAny(value, "*?") || strings.Contains(value, "${")
}

// wideNetwork says whether a network is broader than S3 accepts as fixed: /8 of
// IPv4 and /32 of IPv6.
func wideNetwork(value string) bool {
	if _, err := netip.ParseAddr(value); err == nil {
		return false
	}
	p, err := netip.ParsePrefix(value)
	if err != nil {
		return true
	}
	if p.Addr().Is4() {
		return p.Bits() < 8
	}
	return p.Bits() < 32
}
