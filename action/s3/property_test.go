package s3_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	"pgregory.net/rapid"

	"riposte.dev/action"
	"riposte.dev/action/s3"
)

// Parts of statements, public and not.
var (
	effects    = []string{"Allow", "Allow", "Deny"}
	principals = []string{
		`"Principal":"*"`, `"Principal":{"AWS":"*"}`, `"Principal":{"AWS":["111122223333","*"]}`, `"NotPrincipal":{"AWS":"arn:aws:iam::111122223333:root"}`,
		`"Principal":{"AWS":"arn:aws:iam::444455556666:root"}`, `"Principal":{"Service":"cloudtrail.amazonaws.com"}`,
	}
	operators = []string{
		"StringEquals", "StringLike", "ArnLike", "StringNotEquals", "StringEqualsIfExists", "ForAnyValue:StringLike", "ForAllValues:StringEquals", "StringEqualsIgnoreCase",
	}
	keys = []string{
		"aws:PrincipalOrgID", "aws:SourceArn", "aws:SourceVpce", "AWS:SourceAccount", "aws:userid", "s3:DataAccessPointArn", "aws:UserAgent", "s3:prefix",
	}
	values = []string{
		`"o-abcdefghij"`, `"*"`, `["a","b?"]`, `"${aws:username}"`, `"arn:aws:s3:eu-west-1:111122223333:accesspoint/*"`, `["111122223333","444455556666"]`,
	}
	networks = []string{`"203.0.113.0/24"`, `["10.0.0.0/8","0.0.0.0/1"]`, `"2001:db8::/32"`, `"::/0"`, `"198.51.100.7"`, `"32.0.0.0/4"`}
)

func drawStatement(t *rapid.T, sid string) string {
	pick := func(what string, from []string) string { return rapid.SampledFrom(from).Draw(t, what) }
	condition := ""
	switch rapid.IntRange(0, 3).Draw(t, "condition") {
	case 1:
		condition = fmt.Sprintf(`,"Condition":{%q:{%q:%s}}`, pick("operator", operators), pick("key", keys), pick("value", values))
	case 2:
		condition = fmt.Sprintf(`,"Condition":{%q:{"aws:SourceIp":%s}}`, pick("operator", []string{"IpAddress", "NotIpAddress"}), pick("network", networks))
	case 3:
		condition = fmt.Sprintf(`,"Condition":{"Bool":{"aws:SecureTransport":"true"},%q:{%q:%s}}`, pick("operator", operators), pick("key", keys), pick("value", values))
	}
	return fmt.Sprintf(`{"Sid":%q,"Effect":%q,%s,"Action":"s3:GetObject","Resource":"arn:aws:s3:::shared-files/*"%s}`,
		sid, pick("effect", effects), pick("principal", principals), condition)
}

// The action and the sandbox each have their own reading of what AWS calls public: a policy is changed if and only if S3 says
// that it is public, then it no longer is, and every statement that was not public by itself is still there.
func TestRemovingAgreesWithS3(t *testing.T) {
	c := newCloud(t, region)
	a := c.Action(s3.NewRemovePublicStatements)
	public := func(rt *rapid.T) bool {
		out, err := c.client.GetBucketPolicyStatus(t.Context(), &sdk.GetBucketPolicyStatusInput{Bucket: aws.String(bucket)})
		if is(err, "NoSuchBucketPolicy") {
			return false
		}
		if err != nil {
			rt.Fatal(err)
		}
		return *out.PolicyStatus.IsPublic
	}
	rapid.Check(t, func(rt *rapid.T) {
		var stay, all []string
		for i := range rapid.IntRange(1, 4).Draw(rt, "statements") {
			s := drawStatement(rt, fmt.Sprint("s", i))
			c.put(policy(s))
			if all = append(all, s); !public(rt) {
				stay = append(stay, s)
			}
		}
		c.put(policy(all...))
		item := c.Item(a, ofBucket)
		if (item.Status == action.Change) != public(rt) {
			rt.Fatalf("%s: %s (%s), and S3 says public: %v", strings.Join(all, "\n"), item.Status, item.Reason, public(rt))
		}
		if item.Status != action.Change {
			return
		}
		c.Do(a, item)
		want := ""
		if len(stay) > 0 {
			want = policy(stay...)
		}
		if got := c.policy(); got != want || public(rt) {
			rt.Fatalf("left is\n%s\nwant\n%s", got, want)
		}
	})
}
