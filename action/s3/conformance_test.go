package s3_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
	controltypes "github.com/aws/aws-sdk-go-v2/service/s3control/types"

	"riposte.dev/action"
	"riposte.dev/action/actiontest"
	"riposte.dev/action/awscall"
	"riposte.dev/action/s3"
)

func TestRemovePublicStatements(t *testing.T) {
	for _, tt := range []struct {
		name, region, policy string
		elsewhere            []string
	}{
		{"others stay", region, policy(partner, everybody, plainHTTP), []string{"s3:GetBucketLocation", "s3:DeleteBucketPolicy"}},
		{"nothing is left, in another region", other, policy(everybody), nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			actiontest.Run(t, func(t *testing.T) actiontest.World {
				c := newCloud(t, tt.region)
				c.put(tt.policy)
				w := c.World(s3.NewRemovePublicStatements, named, missing, c.policy)
				w.Elsewhere = tt.elsewhere
				w.Interfere = c.putTwice
				return w
			})
		})
	}
}

func TestRevertPolicy(t *testing.T) {
	for _, tt := range []struct {
		name, region, now, before string
		elsewhere                 []string
	}{
		{"to another one", region, policy(partner, everybody), policy(partner), []string{"s3:GetBucketLocation", "s3:DeleteBucketPolicy"}},
		{"to none, in another region", other, policy(everybody), "", nil},
		{"from none", region, "", policy(plainHTTP), []string{"s3:GetBucketLocation"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			actiontest.Run(t, func(t *testing.T) actiontest.World {
				c := newCloud(t, tt.region)
				if tt.now != "" {
					c.put(tt.now)
				}
				params := backTo(tt.before)
				w := c.World(s3.NewRevertPolicy, params, strings.Replace(params, bucket, "no-such-bucket", 1), c.policy)
				w.Elsewhere = slices.Concat(tt.elsewhere, []string{"cloudtrail:LookupEvents"}, awscall.RecordedPermissions)
				w.Interfere = c.putTwice
				return w
			})
		})
	}
}

// putTwice puts a policy that no action leaves.
func (c cloud) putTwice() { c.put(policy(partner, partner)) }

func TestBlockBucket(t *testing.T) {
	for _, tt := range []struct {
		name, region string
		block        *types.PublicAccessBlockConfiguration
		elsewhere    []string
	}{
		{"two settings are on", region, &types.PublicAccessBlockConfiguration{BlockPublicAcls: aws.Bool(true), IgnorePublicAcls: aws.Bool(true)}, []string{"s3:GetBucketLocation"}},
		{"there are none, in another region", other, nil, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			actiontest.Run(t, func(t *testing.T) actiontest.World {
				c := newCloud(t, tt.region)
				if tt.block != nil {
					c.block(*tt.block)
				}
				w := c.World(s3.NewBlockBucket, named, missing, c.blocked)
				w.Interfere = func() { c.block(types.PublicAccessBlockConfiguration{BlockPublicPolicy: aws.Bool(true)}) }
				w.Permission = func(action.Call) string { return "s3:PutBucketPublicAccessBlock" }
				w.Elsewhere = tt.elsewhere
				return w
			})
		})
	}
}

func TestBlockAccount(t *testing.T) {
	for _, tt := range []struct {
		name  string
		block *controltypes.PublicAccessBlockConfiguration
	}{
		{"two settings are on", &controltypes.PublicAccessBlockConfiguration{BlockPublicAcls: aws.Bool(true), RestrictPublicBuckets: aws.Bool(true)}},
		{"there are none", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			actiontest.Run(t, func(t *testing.T) actiontest.World {
				c := accounts{newCloud(t, region)}
				if tt.block != nil {
					c.block(*tt.block)
				}
				w := c.World(s3.NewBlockAccount, `{}`, "", c.blocked)
				w.Interfere = func() { c.block(controltypes.PublicAccessBlockConfiguration{BlockPublicPolicy: aws.Bool(true)}) }
				w.Permission = func(action.Call) string { return "s3:PutAccountPublicAccessBlock" }
				return w
			})
		})
	}
}

// accounts is a cloud whose account's settings are looked at.
type accounts struct{ cloud }

func (c accounts) control() *s3control.Client {
	return s3control.NewFromConfig(c.Admin(account, region), s3.AtSandbox)
}

func (c accounts) block(block controltypes.PublicAccessBlockConfiguration) {
	c.T.Helper()
	_, err := c.control().PutPublicAccessBlock(c.T.Context(), &s3control.PutPublicAccessBlockInput{
		AccountId: aws.String(account), PublicAccessBlockConfiguration: &block,
	})
	c.Must(err)
}

func (c accounts) blocked() string {
	c.T.Helper()
	out, err := c.control().GetPublicAccessBlock(c.T.Context(), &s3control.GetPublicAccessBlockInput{AccountId: aws.String(account)})
	if is(err, "NoSuchPublicAccessBlockConfiguration") {
		return "none"
	}
	c.Must(err)
	raw, err := json.Marshal(out.PublicAccessBlockConfiguration)
	c.Must(err)
	return string(raw)
}
