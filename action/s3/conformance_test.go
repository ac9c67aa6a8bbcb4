package s3_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
	controltypes "github.com/aws/aws-sdk-go-v2/service/s3control/types"

	"riposte.dev/action"
	"riposte.dev/action/actiontest"
	"riposte.dev/action/s3"
	"riposte.dev/sandbox"
)

func TestRemovePublicStatements(t *testing.T) {
	for _, tt := range []struct {
		name, region, policy, operation string
		elsewhere                       []string
	}{
		{"others stay", region, policy(partner, everybody, plainHTTP), "PutBucketPolicy", []string{"s3:GetBucketLocation", "s3:DeleteBucketPolicy"}},
		{"nothing is left, in another region", other, policy(everybody), "DeleteBucketPolicy", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			actiontest.Run(t, func(t *testing.T) actiontest.World {
				c := newCloud(t, tt.region)
				c.put(tt.policy)
				w := c.world(ofBucket, func(c cloud, permissions []string) action.Action {
					return s3.NewRemovePublicStatements(c.Caller(permissions))
				})
				w.Elsewhere, w.Stale = tt.elsewhere, c.stale("s3", tt.operation)
				return w
			})
		})
	}
}

func TestRevertPolicy(t *testing.T) {
	for _, tt := range []struct {
		name, region, now, before, operation string
		elsewhere                            []string
	}{
		{"to another one", region, policy(partner, everybody), policy(partner), "PutBucketPolicy", []string{"s3:GetBucketLocation", "s3:DeleteBucketPolicy"}},
		{"to none, in another region", other, policy(everybody), "", "DeleteBucketPolicy", nil},
		{"from none", region, "", policy(plainHTTP), "PutBucketPolicy", []string{"s3:GetBucketLocation"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			actiontest.Run(t, func(t *testing.T) actiontest.World {
				c := newCloud(t, tt.region)
				if tt.now != "" {
					c.put(tt.now)
				}
				w := c.world(backTo(tt.before), func(c cloud, permissions []string) action.Action { return s3.NewRevertPolicy(c.Caller(permissions)) })
				w.Missing = json.RawMessage(strings.Replace(string(w.Request.Params), bucket, "no-such-bucket", 1))
				w.Elsewhere, w.Stale = tt.elsewhere, c.stale("s3", tt.operation)
				return w
			})
		})
	}
}

// world is one of a policy's.
func (c cloud) world(req action.Request, newAction func(c cloud, permissions []string) action.Action) actiontest.World {
	return actiontest.World{
		Action:    func(permissions []string) action.Action { return newAction(c, permissions) },
		Request:   req,
		Missing:   missing,
		State:     c.policy,
		Writes:    c.Writes,
		Interfere: func() { c.put(policy(partner, partner)) },
	}
}

func (c cloud) stale(service, operation string) func(int) {
	return func(reads int) {
		c.AddStaleness(sandbox.Staleness{Service: service, Operation: operation, Reads: reads})
	}
}

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
				return actiontest.World{
					Action:     func(permissions []string) action.Action { return s3.NewBlockBucket(c.Caller(permissions)) },
					Request:    ofBucket,
					Missing:    missing,
					State:      c.blocked,
					Writes:     c.Writes,
					Interfere:  func() { c.block(types.PublicAccessBlockConfiguration{BlockPublicPolicy: aws.Bool(true)}) },
					Permission: func(action.Call) string { return "s3:PutBucketPublicAccessBlock" },
					Elsewhere:  tt.elsewhere,
					Stale:      c.stale("s3", "PutPublicAccessBlock"),
				}
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
				return actiontest.World{
					Action:     func(permissions []string) action.Action { return s3.NewBlockAccount(c.Caller(permissions)) },
					Request:    request(`{}`),
					State:      c.blocked,
					Writes:     c.Writes,
					Interfere:  func() { c.block(controltypes.PublicAccessBlockConfiguration{BlockPublicPolicy: aws.Bool(true)}) },
					Permission: func(action.Call) string { return "s3:PutAccountPublicAccessBlock" },
					Stale:      c.stale("s3control", "PutPublicAccessBlock"),
				}
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
	c.t.Helper()
	_, err := c.control().PutPublicAccessBlock(c.t.Context(), &s3control.PutPublicAccessBlockInput{
		AccountId: aws.String(account), PublicAccessBlockConfiguration: &block,
	})
	c.must(err)
}

func (c accounts) blocked() string {
	c.t.Helper()
	out, err := c.control().GetPublicAccessBlock(c.t.Context(), &s3control.GetPublicAccessBlockInput{AccountId: aws.String(account)})
	if is(err, "NoSuchPublicAccessBlockConfiguration") {
		return "none"
	}
	c.must(err)
	raw, err := json.Marshal(out.PublicAccessBlockConfiguration)
	c.must(err)
	return string(raw)
}
