package s3_test

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"riposte.dev/action"
	"riposte.dev/action/actiontest"
	"riposte.dev/action/s3"
	"riposte.dev/fault"
	"riposte.dev/sandbox"
)

const (
	key      = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
	logs     = "access-logs"
	allUsers = "http://acs.amazonaws.com/groups/global/AllUsers"
	delivery = "http://acs.amazonaws.com/groups/s3/LogDelivery"
)

// settings returns what the actions of this file change, as text.
func (c cloud) settings() string {
	c.T.Helper()
	name := aws.String(bucket)
	encryption, err := c.client.GetBucketEncryption(c.T.Context(), &sdk.GetBucketEncryptionInput{Bucket: name})
	c.Must(err)
	versioning, err := c.client.GetBucketVersioning(c.T.Context(), &sdk.GetBucketVersioningInput{Bucket: name})
	c.Must(err)
	logging, err := c.client.GetBucketLogging(c.T.Context(), &sdk.GetBucketLoggingInput{Bucket: name})
	c.Must(err)
	acl, err := c.client.GetBucketAcl(c.T.Context(), &sdk.GetBucketAclInput{Bucket: name})
	c.Must(err)
	slices.SortFunc(acl.Grants, func(a, b types.Grant) int { return cmp.Compare(a.Permission, b.Permission) })
	raw, err := json.Marshal([]any{encryption.ServerSideEncryptionConfiguration, versioning.Status == "Enabled", logging.LoggingEnabled, acl.Grants})
	c.Must(err)
	return string(raw)
}

func (c cloud) encrypt(rule types.ServerSideEncryptionRule) {
	_, err := c.client.PutBucketEncryption(c.T.Context(), &sdk.PutBucketEncryptionInput{
		Bucket: aws.String(bucket), ServerSideEncryptionConfiguration: &types.ServerSideEncryptionConfiguration{Rules: []types.ServerSideEncryptionRule{rule}},
	})
	c.Must(err)
}

func (c cloud) encryptByAnotherKey() {
	c.encrypt(types.ServerSideEncryptionRule{
		ApplyServerSideEncryptionByDefault: &types.ServerSideEncryptionByDefault{SSEAlgorithm: "aws:kms", KMSMasterKeyID: aws.String(key + "c")},
		BlockedEncryptionTypes:             &types.BlockedEncryptionTypes{EncryptionType: []types.EncryptionType{types.EncryptionTypeSseC}},
		BucketKeyEnabled:                   aws.Bool(false),
	})
}

func (c cloud) version(status types.BucketVersioningStatus) {
	_, err := c.client.PutBucketVersioning(c.T.Context(), &sdk.PutBucketVersioningInput{
		Bucket: aws.String(bucket), VersioningConfiguration: &types.VersioningConfiguration{Status: status},
	})
	c.Must(err)
}

func (c cloud) makeLogBucket() {
	_, err := c.client.CreateBucket(c.T.Context(), &sdk.CreateBucketInput{
		Bucket: aws.String(logs), CreateBucketConfiguration: &types.CreateBucketConfiguration{LocationConstraint: region},
	})
	c.Must(err)
}

func (c cloud) logElsewhere() {
	_, err := c.client.PutBucketLogging(c.T.Context(), &sdk.PutBucketLoggingInput{Bucket: aws.String(bucket), BucketLoggingStatus: &types.BucketLoggingStatus{
		LoggingEnabled: &types.LoggingEnabled{TargetBucket: aws.String(logs), TargetPrefix: aws.String("other/")},
	}})
	c.Must(err)
}

// grant makes the bucket anew, with an access list beside the owner's right.
func (c cloud) grant(grants ...types.Grant) {
	c.deleteBucket()
	name := aws.String(bucket)
	_, err := c.client.CreateBucket(c.T.Context(), &sdk.CreateBucketInput{
		Bucket: name, ObjectOwnership: types.ObjectOwnershipObjectWriter,
		CreateBucketConfiguration: &types.CreateBucketConfiguration{LocationConstraint: region},
	})
	c.Must(err)
	_, err = c.client.DeletePublicAccessBlock(c.T.Context(), &sdk.DeletePublicAccessBlockInput{Bucket: name})
	c.Must(err)
	c.putACL(grants...)
}

func (c cloud) putACL(grants ...types.Grant) {
	name := aws.String(bucket)
	owner, err := c.client.GetBucketAcl(c.T.Context(), &sdk.GetBucketAclInput{Bucket: name})
	c.Must(err)
	mine := types.Grant{Grantee: &types.Grantee{Type: types.TypeCanonicalUser, ID: owner.Owner.ID}, Permission: types.PermissionFullControl}
	_, err = c.client.PutBucketAcl(c.T.Context(), &sdk.PutBucketAclInput{
		Bucket: name, AccessControlPolicy: &types.AccessControlPolicy{Owner: owner.Owner, Grants: append([]types.Grant{mine}, grants...)},
	})
	c.Must(err)
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
		name       string
		newAction  actiontest.NewAction
		params     string // beside the bucket
		permission string
		spoil      func(cloud)
		interfere  func(cloud)
		state      func(cloud) string
	}{
		{"encryption by a key", s3.NewEnableEncryption, `,"kms_key":"` + key + `"`, "s3:PutEncryptionConfiguration", func(cloud) {}, cloud.encryptByAnotherKey, cloud.settings},
		{"encryption by another key", s3.NewEnableEncryption, `,"kms_key":"` + key + `"`, "s3:PutEncryptionConfiguration", cloud.encryptByAnotherKey, func(c cloud) {
			c.encrypt(types.ServerSideEncryptionRule{ApplyServerSideEncryptionByDefault: &types.ServerSideEncryptionByDefault{SSEAlgorithm: "AES256"}})
		}, cloud.settings},
		{"encryption by KMS", s3.NewEnableEncryption, "", "s3:PutEncryptionConfiguration", func(cloud) {}, cloud.encryptByAnotherKey, cloud.settings},
		{"versioning", s3.NewEnableVersioning, "", "", func(c cloud) { c.version("Suspended") }, nil, cloud.settings},
		{"versioning that was never on", s3.NewEnableVersioning, "", "", func(cloud) {}, nil, cloud.settings},
		{"access logging", s3.NewEnableLogging, `,"target_bucket":"` + logs + `"`, "", cloud.makeLogBucket, cloud.logElsewhere, cloud.settings},
		{"access list", s3.NewMakeACLPrivate, "", "", cloud.grantPublic, func(c cloud) { c.putACL() }, cloud.settings},
		{"TLS", s3.NewRequireTLS, "", "", func(c cloud) { c.put(tls) }, func(c cloud) { c.put(policy(partner)) }, cloud.policy},
		{"TLS without a policy", s3.NewRequireTLS, "", "", func(cloud) {}, func(c cloud) { c.put(policy(partner)) }, cloud.policy},
	} {
		t.Run(tt.name, func(t *testing.T) {
			actiontest.Run(t, func(t *testing.T) actiontest.World {
				c := newCloud(t, region)
				tt.spoil(c)
				w := c.World(tt.newAction, `{"bucket":"`+bucket+`"`+tt.params+`}`, `{"bucket":"no-such-bucket"`+tt.params+`}`, func() string { return tt.state(c) })
				w.Elsewhere = []string{"s3:GetBucketLocation"}
				w.Interfere = actiontest.On(c, tt.interfere)
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
		newAction actiontest.NewAction
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
		{"TLS", s3.NewRequireTLS, "", func(c cloud) { c.put(policy(partner, whole)) }, "denies requests without TLS already"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newCloud(t, region)
			tt.spoil(c)
			actiontest.Want(t, c.Plan(tt.newAction, `{"bucket":"`+bucket+`"`+tt.params+`}`), action.Unneeded, tt.says)
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
			a := c.Action(s3.NewRequireTLS)
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
	a := c.Action(s3.NewRequireTLS)
	actiontest.Want(t, c.Item(a, ofBucket), action.Escalated, "shorten it")
}

func TestLogsOfLogs(t *testing.T) {
	c := newCloud(t, region)
	a := c.Action(s3.NewEnableLogging)
	for _, target := range []string{bucket, "arn:aws:s3:::" + bucket, "no bucket"} {
		_, err := a.Plan(t.Context(), actiontest.Request(`{"bucket":"`+bucket+`","target_bucket":"`+target+`"}`))
		if fault.CodeOf(err) != fault.Invalid || fault.Hint(err) == "" {
			t.Errorf("%s: %v, want it refused with a hint", target, err)
		}
	}
}

// Some emulators still answer as S3 did before it encrypted every bucket by itself.
func TestABucketWithoutAnEncryptionHasS3sOwn(t *testing.T) {
	c := newCloud(t, region)
	c.AddFault(sandbox.Fault{
		Match: sandbox.Match{Service: "s3", Operation: "GetBucketEncryption"}, Error: &sandbox.FaultError{Code: "ServerSideEncryptionConfigurationNotFoundError", Status: 404},
	})
	item := c.Plan(s3.NewEnableEncryption, named)
	actiontest.Want(t, item, action.Change, "by a key of S3")
	if string(item.Before) != `{"algorithm":"AES256","bucket_key":false}` {
		t.Errorf("before: %s", item.Before)
	}
}
