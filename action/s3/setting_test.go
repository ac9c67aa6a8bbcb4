package s3_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"riposte.dev/action"
	"riposte.dev/action/actiontest"
	"riposte.dev/action/awscall"
	"riposte.dev/action/s3"
	"riposte.dev/fault"
)

const (
	key      = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
	logs     = "access-logs"
	allUsers = "http://acs.amazonaws.com/groups/global/AllUsers"
	delivery = "http://acs.amazonaws.com/groups/s3/LogDelivery"
)

// settings returns what the actions of this file change, as text.
func (c cloud) settings() string {
	c.t.Helper()
	name := aws.String(bucket)
	encryption, err := c.client.GetBucketEncryption(c.t.Context(), &sdk.GetBucketEncryptionInput{Bucket: name})
	c.must(err)
	versioning, err := c.client.GetBucketVersioning(c.t.Context(), &sdk.GetBucketVersioningInput{Bucket: name})
	c.must(err)
	logging, err := c.client.GetBucketLogging(c.t.Context(), &sdk.GetBucketLoggingInput{Bucket: name})
	c.must(err)
	acl, err := c.client.GetBucketAcl(c.t.Context(), &sdk.GetBucketAclInput{Bucket: name})
	c.must(err)
	raw, err := json.Marshal([]any{encryption.ServerSideEncryptionConfiguration, versioning.Status == "Enabled", logging.LoggingEnabled, acl.Grants})
	c.must(err)
	return string(raw)
}

func (c cloud) encrypt(rule types.ServerSideEncryptionRule) {
	_, err := c.client.PutBucketEncryption(c.t.Context(), &sdk.PutBucketEncryptionInput{
		Bucket: aws.String(bucket), ServerSideEncryptionConfiguration: &types.ServerSideEncryptionConfiguration{Rules: []types.ServerSideEncryptionRule{rule}},
	})
	c.must(err)
}

func (c cloud) encryptByAnotherKey() {
	c.encrypt(types.ServerSideEncryptionRule{
		ApplyServerSideEncryptionByDefault: &types.ServerSideEncryptionByDefault{SSEAlgorithm: "aws:kms", KMSMasterKeyID: aws.String(key + "c")},
		BlockedEncryptionTypes:             &types.BlockedEncryptionTypes{EncryptionType: []types.EncryptionType{types.EncryptionTypeSseC}},
		BucketKeyEnabled:                   aws.Bool(false),
	})
}

func (c cloud) version(status types.BucketVersioningStatus) {
	_, err := c.client.PutBucketVersioning(c.t.Context(), &sdk.PutBucketVersioningInput{
		Bucket: aws.String(bucket), VersioningConfiguration: &types.VersioningConfiguration{Status: status},
	})
	c.must(err)
}

func (c cloud) makeLogBucket() {
	_, err := c.client.CreateBucket(c.t.Context(), &sdk.CreateBucketInput{
		Bucket: aws.String(logs), CreateBucketConfiguration: &types.CreateBucketConfiguration{LocationConstraint: region},
	})
	c.must(err)
}

func (c cloud) logElsewhere() {
	_, err := c.client.PutBucketLogging(c.t.Context(), &sdk.PutBucketLoggingInput{Bucket: aws.String(bucket), BucketLoggingStatus: &types.BucketLoggingStatus{
		LoggingEnabled: &types.LoggingEnabled{TargetBucket: aws.String(logs), TargetPrefix: aws.String("other/")},
	}})
	c.must(err)
}

// grant makes the bucket anew, with an access list beside the owner's right.
func (c cloud) grant(grants ...types.Grant) {
	c.deleteBucket()
	name := aws.String(bucket)
	_, err := c.client.CreateBucket(c.t.Context(), &sdk.CreateBucketInput{
		Bucket: name, ObjectOwnership: types.ObjectOwnershipObjectWriter,
		CreateBucketConfiguration: &types.CreateBucketConfiguration{LocationConstraint: region},
	})
	c.must(err)
	_, err = c.client.DeletePublicAccessBlock(c.t.Context(), &sdk.DeletePublicAccessBlockInput{Bucket: name})
	c.must(err)
	c.putACL(grants...)
}

func (c cloud) putACL(grants ...types.Grant) {
	name := aws.String(bucket)
	owner, err := c.client.GetBucketAcl(c.t.Context(), &sdk.GetBucketAclInput{Bucket: name})
	c.must(err)
	mine := types.Grant{Grantee: &types.Grantee{Type: types.TypeCanonicalUser, ID: owner.Owner.ID}, Permission: types.PermissionFullControl}
	_, err = c.client.PutBucketAcl(c.t.Context(), &sdk.PutBucketAclInput{
		Bucket: name, AccessControlPolicy: &types.AccessControlPolicy{Owner: owner.Owner, Grants: append([]types.Grant{mine}, grants...)},
	})
	c.must(err)
}

func toGroup(uri string, permission types.Permission) types.Grant {
	return types.Grant{Grantee: &types.Grantee{Type: types.TypeGroup, URI: aws.String(uri)}, Permission: permission}
}

func (c cloud) grantPublic() {
	c.grant(toGroup(allUsers, types.PermissionRead), toGroup(delivery, types.PermissionWrite))
}

func TestSettings(t *testing.T) {
	tls := policy(partner, everybody)
	for _, tt := range []struct {
		name, operation string
		newAction       func(*awscall.Caller) action.Action
		params          string // beside the bucket
		permission      string
		spoil           func(cloud)
		interfere       func(cloud)
		state           func(cloud) string
	}{
		{"encryption by a key", "PutBucketEncryption", s3.NewEnableEncryption, `,"kms_key":"` + key + `"`, "s3:PutEncryptionConfiguration", func(cloud) {}, cloud.encryptByAnotherKey, cloud.settings},
		{"encryption by another key", "PutBucketEncryption", s3.NewEnableEncryption, `,"kms_key":"` + key + `"`, "s3:PutEncryptionConfiguration", cloud.encryptByAnotherKey, func(c cloud) {
			c.encrypt(types.ServerSideEncryptionRule{ApplyServerSideEncryptionByDefault: &types.ServerSideEncryptionByDefault{SSEAlgorithm: "AES256"}})
		}, cloud.settings},
		{"encryption by KMS", "PutBucketEncryption", s3.NewEnableEncryption, "", "s3:PutEncryptionConfiguration", func(cloud) {}, cloud.encryptByAnotherKey, cloud.settings},
		{"versioning", "PutBucketVersioning", s3.NewEnableVersioning, "", "", func(c cloud) { c.version("Suspended") }, nil, cloud.settings},
		{"versioning that was never on", "PutBucketVersioning", s3.NewEnableVersioning, "", "", func(cloud) {}, nil, cloud.settings},
		{"access logging", "PutBucketLogging", s3.NewEnableLogging, `,"target_bucket":"` + logs + `"`, "", cloud.makeLogBucket, cloud.logElsewhere, cloud.settings},
		{"access list", "PutBucketAcl", s3.NewMakeACLPrivate, "", "", cloud.grantPublic, func(c cloud) { c.putACL() }, cloud.settings},
		{"TLS", "PutBucketPolicy", func(c *awscall.Caller) action.Action { return s3.NewRequireTLS(c) }, "", "", func(c cloud) { c.put(tls) }, func(c cloud) { c.put(policy(partner)) }, cloud.policy},
		{"TLS without a policy", "PutBucketPolicy", func(c *awscall.Caller) action.Action { return s3.NewRequireTLS(c) }, "", "", func(cloud) {}, func(c cloud) { c.put(policy(partner)) }, cloud.policy},
	} {
		t.Run(tt.name, func(t *testing.T) {
			actiontest.Run(t, func(t *testing.T) actiontest.World {
				c := newCloud(t, region)
				tt.spoil(c)
				w := actiontest.World{
					Action:    func(permissions []string) action.Action { return tt.newAction(c.Caller(permissions)) },
					Request:   request(`{"bucket":"` + bucket + `"` + tt.params + `}`),
					Missing:   json.RawMessage(`{"bucket":"no-such-bucket"` + tt.params + `}`),
					State:     func() string { return tt.state(c) },
					Writes:    c.Writes,
					Elsewhere: []string{"s3:GetBucketLocation"},
					Stale:     c.stale("s3", tt.operation),
				}
				if tt.interfere != nil {
					w.Interfere = func() { tt.interfere(c) }
				}
				if tt.permission != "" {
					w.Permission = func(action.Call) string { return tt.permission }
				}
				if tt.name == "TLS" {
					w.Elsewhere = append(w.Elsewhere, "s3:DeleteBucketPolicy")
				}
				return w
			})
		})
	}
}

func TestSettingsThatAreRight(t *testing.T) {
	const whole = `{"Effect":"Deny","Principal":{"AWS":"*"},"Action":"s3:*","Resource":["arn:aws:s3:::shared-files/*","arn:aws:s3:::shared-files"],"Condition":{"Bool":{"aws:SecureTransport":false}}}`
	for _, tt := range []struct {
		name      string
		newAction func(*awscall.Caller) action.Action
		params    string
		spoil     func(cloud)
		says      string
	}{
		{"another key of KMS", s3.NewEnableEncryption, "", cloud.encryptByAnotherKey, "by KMS already"},
		{"this key", s3.NewEnableEncryption, `,"kms_key":"` + key + `c"`, cloud.encryptByAnotherKey, "by this key already"},
		{"versions", s3.NewEnableVersioning, "", func(c cloud) { c.version("Enabled") }, "already"},
		{"logs", s3.NewEnableLogging, `,"target_bucket":"more-logs"`, func(c cloud) { c.makeLogBucket(); c.logElsewhere() }, "in access-logs already"},
		{"no public grant", s3.NewMakeACLPrivate, "", func(c cloud) { c.grant(toGroup(delivery, types.PermissionWrite)) }, "grants the public nothing"},
		{"no lists at all", s3.NewMakeACLPrivate, "", func(cloud) {}, "grants the public nothing"},
		{"TLS", func(c *awscall.Caller) action.Action { return s3.NewRequireTLS(c) }, "", func(c cloud) { c.put(policy(partner, whole)) }, "denies requests without TLS already"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newCloud(t, region)
			tt.spoil(c)
			a := tt.newAction(c.Caller(tt.newAction(nil).Spec().Permissions))
			actiontest.Want(t, c.Item(a, request(`{"bucket":"`+bucket+`"`+tt.params+`}`)), action.Unneeded, tt.says)
		})
	}
}

func TestAStatementForTLSIsAdded(t *testing.T) {
	const added = `{"Sid":"RequireTLS","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::shared-files","arn:aws:s3:::shared-files/*"],"Condition":{"Bool":{"aws:SecureTransport":"false"}}}`
	named := strings.Replace(partner, "Partner", "RequireTLS", 1)
	for _, tt := range []struct{ name, policy, want string }{
		{"none", "", `{"Version":"2012-10-17","Statement":[` + added + `]}`},
		{"a list", policy(partner, everybody), strings.Replace(policy(partner, everybody), everybody, everybody+","+added, 1)},
		{"a statement by itself", `{"Statement": ` + partner + ` }`, `{"Statement": [` + partner + `,` + added + `] }`},
		{"the name is taken", policy(named), strings.Replace(policy(named), named, named+","+strings.Replace(added, "TLS", "TLS2", 1), 1)},
		{"objects only", policy(plainHTTP), strings.Replace(policy(plainHTTP), plainHTTP, plainHTTP+","+added, 1)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newCloud(t, region)
			if tt.policy != "" {
				c.put(tt.policy)
			}
			a := s3.NewRequireTLS(c.Caller(s3.NewRequireTLS(nil).Spec().Permissions))
			item := c.Item(a, ofBucket)
			c.Do(a, item)
			if got := c.policy(); got != tt.want {
				t.Errorf("the policy is\n%s\nwant\n%s", got, tt.want)
			}
			c.Do(a, c.Undo(a, item))
			if got := c.policy(); got != tt.policy {
				t.Errorf("the undo left %q", got)
			}
		})
	}
}

func TestAPolicyTooLongForTLS(t *testing.T) {
	c := newCloud(t, region)
	long := strings.Replace(partner, "Partner", strings.Repeat("P", 20_100), 1)
	c.put(policy(long))
	a := s3.NewRequireTLS(c.Caller(s3.NewRequireTLS(nil).Spec().Permissions))
	actiontest.Want(t, c.Item(a, ofBucket), action.Escalated, "shorten it")
}

func TestLogsOfLogs(t *testing.T) {
	c := newCloud(t, region)
	a := s3.NewEnableLogging(c.Caller(s3.NewEnableLogging(nil).Spec().Permissions))
	for _, target := range []string{bucket, "arn:aws:s3:::" + bucket, "no bucket"} {
		_, err := a.Plan(t.Context(), request(`{"bucket":"`+bucket+`","target_bucket":"`+target+`"}`))
		if fault.CodeOf(err) != fault.Invalid || fault.Hint(err) == "" {
			t.Errorf("%s: %v, want it refused with a hint", target, err)
		}
	}
}
