package s3_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/configservice"
	sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"riposte.dev/action"
	"riposte.dev/action/actiontest"
	"riposte.dev/action/awscall"
	"riposte.dev/action/s3"
	"riposte.dev/fault"
)

// stranger is the canonical user of another account.
const stranger = "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"

// second is when the newest event of a name happened.
func (c cloud) second(name string) (at any) {
	c.EventParams(region, name, func(record map[string]any) { at = record["eventTime"] })
	return at
}

// canned puts a list by its name.
func (c cloud) canned(acl types.BucketCannedACL) {
	c.T.Helper()
	_, err := c.client.PutBucketAcl(c.T.Context(), &sdk.PutBucketAclInput{Bucket: aws.String(bucket), ACL: acl})
	c.Must(err)
}

// header puts a list of one reader by header.
func (c cloud) header(reader string) {
	c.T.Helper()
	_, err := c.client.PutBucketAcl(c.T.Context(), &sdk.PutBucketAclInput{Bucket: aws.String(bucket), GrantRead: &reader})
	c.Must(err)
}

func toStranger() types.Grant {
	return types.Grant{Grantee: &types.Grantee{Type: types.TypeCanonicalUser, ID: aws.String(stranger)}, Permission: types.PermissionRead}
}

func TestRevertACL(t *testing.T) {
	for _, tt := range []struct {
		name   string
		happen func(cloud)
	}{
		{"to that of the creation", func(c cloud) { c.grant(toStranger()) }},
		{"from a list of headers", func(c cloud) { c.grant(); c.header(`id="` + stranger + `"`) }},
		{"from a list by name", func(c cloud) { c.grant(); c.canned(types.BucketCannedACLPublicRead) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			actiontest.Run(t, func(t *testing.T) actiontest.World {
				c := newCloud(t, region)
				tt.happen(c)
				params := c.EventParams(region, "PutBucketAcl", actiontest.AnHourLater)
				w := c.World(s3.NewRevertACL, params, strings.ReplaceAll(params, bucket, "no-such-bucket"), c.settings)
				w.Elsewhere = append([]string{"s3:GetBucketLocation"}, awscall.RecordedPermissions...)
				w.Interfere = func() { c.putACL(toGroup(delivery, types.PermissionWrite)) }
				return w
			})
		})
	}
}

func TestWhatAccessListsAreTakenBackTo(t *testing.T) {
	for _, tt := range []struct {
		name   string
		happen func(cloud) (params string)
		status action.Status
		says   string
	}{
		{"an earlier list", func(c cloud) string {
			c.grant(toGroup(delivery, types.PermissionWrite))
			c.canned(types.BucketCannedACLAuthenticatedRead)
			return c.EventParams(region, "PutBucketAcl", actiontest.AnHourLater)
		}, action.Change, "the history tells"},
		{"one of two lists in the same second", func(c cloud) string {
			c.grant(toGroup(delivery, types.PermissionWrite))
			first := c.second("PutBucketAcl")
			c.canned(types.BucketCannedACLAuthenticatedRead)
			return c.EventParams(region, "PutBucketAcl", func(r map[string]any) { r["eventTime"] = first })
		}, action.Escalated, "CloudTrail's history and AWS Config"},
		{"changed since", func(c cloud) string {
			c.grant(toStranger())
			params := c.EventParams(region, "PutBucketAcl")
			c.putACL(toGroup(delivery, types.PermissionWrite))
			return params
		}, action.Escalated, "not what the event made it"},
		{"an event that was refused", func(c cloud) string {
			c.grant(toStranger())
			return c.EventParams(region, "PutBucketAcl", func(r map[string]any) { r["errorCode"] = "AccessDenied" })
		}, action.Unneeded, "changed nothing"},
		{"as before already", func(c cloud) string {
			c.grant(toStranger())
			params := c.EventParams(region, "PutBucketAcl", func(r map[string]any) {
				actiontest.AnHourLater(r)
				r["eventID"] = "e-2"
				r["requestParameters"] = map[string]any{"bucketName": bucket, "x-amz-acl": []string{"public-read"}}
			})
			return params
		}, action.Unneeded, "as it was before"},
		{"the public was in it before", func(c cloud) string {
			c.grant(toGroup(allUsers, types.PermissionRead))
			c.putACL(toStranger())
			return c.EventParams(region, "PutBucketAcl", actiontest.AnHourLater)
		}, action.Escalated, "not let in again"},
		{"the record says neither when nor which", func(c cloud) string {
			c.grant(toStranger())
			return c.EventParams(region, "PutBucketAcl", func(r map[string]any) { delete(r, "eventTime") })
		}, action.Escalated, "CloudTrail's history and AWS Config"},
		{"a grant by an address of e-mail", func(c cloud) string {
			c.grant(toStranger())
			return c.EventParams(region, "PutBucketAcl", func(r map[string]any) {
				r["requestParameters"] = map[string]any{"bucketName": bucket, "accessControlList": map[string]string{"x-amz-grant-read": `emailAddress="xyz@example.com"`}}
			})
		}, action.Escalated, "not what the event made it"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newCloud(t, region)
			actiontest.Want(t, c.Plan(s3.NewRevertACL, tt.happen(c)), tt.status, tt.says)
		})
	}
}

// policyEvent are the parameters for the event by which the bucket's policy became after; "" is none.
func (c cloud) policyEvent(before, after string) string {
	c.T.Helper()
	if before != "" {
		c.put(before)
	}
	if after == "" {
		_, err := c.client.DeleteBucketPolicy(c.T.Context(), &sdk.DeleteBucketPolicyInput{Bucket: aws.String(bucket)})
		c.Must(err)
		return c.EventParams(region, "DeleteBucketPolicy", actiontest.AnHourLater)
	}
	c.put(after)
	return c.EventParams(region, "PutBucketPolicy", actiontest.AnHourLater)
}

func TestRevertPolicyOfAnEvent(t *testing.T) {
	for _, tt := range []struct {
		name, before, after string
		elsewhere           []string
	}{
		{"changed", policy(plainHTTP), policy(plainHTTP, partner), []string{"s3:GetBucketLocation", "s3:DeleteBucketPolicy"}},
		{"deleted", policy(plainHTTP), "", []string{"s3:GetBucketLocation"}},
		{"the first one", "", policy(partner), []string{"s3:GetBucketLocation"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			actiontest.Run(t, func(t *testing.T) actiontest.World {
				c := newCloud(t, region)
				params := c.policyEvent(tt.before, tt.after)
				w := c.World(s3.NewRevertPolicy, params, strings.ReplaceAll(params, bucket, "no-such-bucket"), func() string { return c.policy() })
				w.Elsewhere = append(tt.elsewhere, awscall.RecordedPermissions...)
				w.Interfere = c.putTwice
				return w
			})
		})
	}
}

func TestWhatPoliciesAreNotTakenBack(t *testing.T) {
	for _, tt := range []struct {
		name   string
		happen func(cloud) (params string)
		status action.Status
		says   string
	}{
		{"changed since", func(c cloud) string {
			c.policyEvent("", policy(partner))
			params := c.EventParams(region, "PutBucketPolicy")
			c.putTwice()
			return params
		}, action.Escalated, "not what the event made it"},
		{"as before already", func(c cloud) string {
			params := c.policyEvent("", policy(partner))
			_, err := c.client.DeleteBucketPolicy(c.T.Context(), &sdk.DeleteBucketPolicyInput{Bucket: aws.String(bucket)})
			c.Must(err)
			return params
		}, action.Unneeded, "as it was before already"},
		{"a refused call", func(c cloud) string {
			c.policyEvent("", policy(partner))
			return c.EventParams(region, "PutBucketPolicy", func(r map[string]any) { r["errorCode"] = "AccessDenied" })
		}, action.Unneeded, "changed nothing"},
		{"public before", func(c cloud) string { return c.policyEvent(policy(everybody), policy(partner)) }, action.Escalated, "public before"},
		{"no history", func(c cloud) string {
			c.policyEvent("", policy(partner))
			return c.EventParams(region, "PutBucketPolicy", func(r map[string]any) { delete(r, "eventID") })
		}, action.Escalated, "CloudTrail's history and AWS Config"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newCloud(t, region)
			actiontest.Want(t, c.Plan(s3.NewRevertPolicy, tt.happen(c)), tt.status, tt.says)
		})
	}
}

// A recorder that is off may have missed a change.
func TestWhatWasRecordedBeforeTheRecorderStoppedTellsNothing(t *testing.T) {
	c := inUSEast1(t)
	c.StartConfig("us-east-1")
	_, err := configservice.NewFromConfig(c.Admin(account, "us-east-1")).StopConfigurationRecorder(t.Context(),
		&configservice.StopConfigurationRecorderInput{ConfigurationRecorderName: aws.String("default")})
	c.Must(err)
	c.Later(2 * time.Second)
	c.put(policy(partner))
	req := actiontest.Request(c.EventParams("us-east-1", "PutBucketPolicy"))
	req.Region = "us-east-1"
	actiontest.Want(t, c.Item(c.Action(s3.NewRevertPolicy), req), action.Escalated, "CloudTrail's history and AWS Config")
}

// inUSEast1 is a cloud whose bucket is in that region.
func inUSEast1(t *testing.T) cloud {
	t.Helper()
	c := newCloud(t, region)
	c.deleteBucket()
	c.client = sdk.NewFromConfig(c.Admin(account, "us-east-1"), func(o *sdk.Options) { o.UsePathStyle = true })
	c.makeBucket()
	return c
}

func (c cloud) makeBucket() {
	c.T.Helper()
	_, err := c.client.CreateBucket(c.T.Context(), &sdk.CreateBucketInput{Bucket: aws.String(bucket)})
	c.Must(err)
}

// revertInUSEast1 plans to take the last change of the policy back.
func (c cloud) revertInUSEast1() action.Item {
	c.T.Helper()
	req := actiontest.Request(c.EventParams("us-east-1", "PutBucketPolicy", actiontest.AnHourLater))
	req.Region = "us-east-1"
	return c.Item(c.Action(s3.NewRevertPolicy), req)
}

// In us-east-1 a bucket's creation tells nothing of its policy, so that AWS Config is asked.
func TestRevertPolicyToWhatWasRecorded(t *testing.T) {
	c := inUSEast1(t)
	c.StartConfig("us-east-1")
	c.Later(2 * time.Second)
	c.put(policy(partner))
	req := actiontest.Request(c.EventParams("us-east-1", "PutBucketPolicy"))
	req.Region = "us-east-1"
	a := c.Action(s3.NewRevertPolicy)
	item := c.Item(a, req)
	actiontest.Want(t, item, action.Change, "had no policy before")
	c.Do(a, item)
	if got := c.policy(); got != "" {
		t.Errorf("the policy is %s", got)
	}
}

// Only there can a bucket be created again over itself: its creation says nothing of its policy.
func TestCreationTellsNothingInUSEast1(t *testing.T) {
	c := inUSEast1(t)
	c.put(policy(partner))
	actiontest.Want(t, c.revertInUSEast1(), action.Escalated, "CloudTrail's history and AWS Config")
}

func TestPoliciesOfAFormerBucketAreNotPutBack(t *testing.T) {
	c := inUSEast1(t)
	c.put(policy(plainHTTP))
	c.deleteBucket()
	c.makeBucket()
	c.put(policy(partner))
	// Where all of that is in one second nobody can tell what was before; else it was nothing.
	if item := c.revertInUSEast1(); item.Status != action.Escalated && item.Reason != "It had no policy before, so its policy is deleted." {
		t.Errorf("%+v", item)
	}
}

func TestEventsThatAreRefused(t *testing.T) {
	c := newCloud(t, region)
	for _, newAction := range []actiontest.NewAction{s3.NewRevertACL, s3.NewRevertPolicy} {
		for _, event := range []string{`{}`, `{"eventName":"PutBucketTagging","requestParameters":{"bucketName":"shared-files"}}`, `{"eventName":7,"requestParameters":{}}`,
			`{"eventName":"PutBucketAcl","requestParameters":{"bucketName":"../etc"}}`, `{"eventName":"PutBucketPolicy","requestParameters":{}}`} {
			if _, err := c.Action(newAction).Plan(t.Context(), actiontest.Request(`{"event":`+event+`}`)); fault.CodeOf(err) != fault.Invalid || fault.Hint(err) == "" {
				t.Errorf("%s: %v, want it refused with a hint", event, err)
			}
		}
	}
}
