package s3

import (
	"context"
	"encoding/json"
	"net/netip"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/s3control"
	endpoints "github.com/aws/smithy-go/endpoints"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/fault"
)

var blockAccountSpec = action.Spec{
	Name:  "s3.block-account-public-access",
	Title: "Block public access to all buckets of an account",
	Description: "Switches all four settings of Block Public Access on for an account: they hold for all its buckets, present and future, in all " +
		"regions. Nothing is deleted. Websites and download areas that are meant for everybody are closed too.",
	Parameters: json.RawMessage(`{"type": "object", "additionalProperties": false, "properties": {}}`),
	// PutAccountPublicAccessBlock is for deleting the settings, too.
	Permissions: []string{"s3:GetAccountPublicAccessBlock", "s3:PutAccountPublicAccessBlock"},
	Effect:      action.StateChecked,
}

// BlockAccount is the action s3.block-account-public-access.
type BlockAccount struct{ caller *awscall.Caller }

var _ action.Action = (*BlockAccount)(nil)

// NewBlockAccount returns the action; it reaches accounts through caller.
func NewBlockAccount(caller *awscall.Caller) action.Action { return &BlockAccount{caller} }

// Spec describes the action.
func (a *BlockAccount) Spec() action.Spec { return blockAccountSpec }

// Plan looks at the account's settings.
func (a *BlockAccount) Plan(ctx context.Context, req action.Request) (*action.Plan, error) {
	if err := req.Check(); err != nil {
		return nil, err
	}
	if err := action.DecodeParams(req.Params, &struct{}{}); err != nil {
		return nil, err
	}
	r := action.Resource{
		Type: "AWS::S3::AccountPublicAccessBlock", ARN: "arn:" + awscall.Partition(req.Region) + ":iam::" + req.Account + ":root",
		Name: "account " + req.Account, Account: req.Account, Region: req.Region,
	}
	now, err := a.read(ctx, r)
	if err != nil {
		return nil, err
	}
	item, err := planBlock(action.Item{ID: r.ARN, Resource: r}, now, ofAccount(r))
	return onePlan(blockAccountSpec.Name, req, item), err
}

// ofAccount begins the input of a call about the account.
func ofAccount(r action.Resource) map[string]any { return map[string]any{"AccountId": r.Account} }

func (a *BlockAccount) client(ctx context.Context, account, region string) (*s3control.Client, error) {
	cfg, err := a.caller.Config(ctx, account, region)
	if err != nil {
		return nil, err
	}
	return s3control.NewFromConfig(cfg, func(o *s3control.Options) {
		o.EndpointResolverV2 = resolver{s3control.NewDefaultEndpointResolverV2()}
	}), nil
}

// resolver is the SDK's, but for endpoints that have no names for accounts: the SDK puts the account before the host, which
// an address or localhost doesn't have. The account is in a header too.
type resolver struct{ sdk s3control.EndpointResolverV2 }

// ResolveEndpoint implements s3control.EndpointResolverV2.
func (r resolver) ResolveEndpoint(ctx context.Context, p s3control.EndpointParameters) (endpoints.Endpoint, error) {
	if p.Endpoint != nil && nameless(*p.Endpoint) {
		p.RequiresAccountId = nil
	}
	return r.sdk.ResolveEndpoint(ctx, p)
}

func nameless(endpoint string) bool {
	u, err := url.Parse(endpoint)
	if err != nil {
		return false
	}
	_, notAddress := netip.ParseAddr(u.Hostname())
	return notAddress == nil || strings.EqualFold(u.Hostname(), "localhost")
}

func (a *BlockAccount) read(ctx context.Context, r action.Resource) (blockState, error) {
	client, err := a.client(ctx, r.Account, r.Region)
	if err != nil {
		return blockState{}, err
	}
	out, err := client.GetPublicAccessBlock(ctx, &s3control.GetPublicAccessBlockInput{AccountId: &r.Account})
	if code(err) == "NoSuchPublicAccessBlockConfiguration" {
		return blockState{}, nil
	}
	if err != nil {
		return blockState{}, awscall.Fault(err, "s3:GetAccountPublicAccessBlock", "read the public access block of account %s", r.Account)
	}
	c := out.PublicAccessBlockConfiguration
	return newFlags(c.BlockPublicAcls, c.IgnorePublicAcls, c.BlockPublicPolicy, c.RestrictPublicBuckets), nil
}

// Apply switches the settings on, or back to undo. Where they are no longer as the plan saw them: fault.Conflict, and
// nothing is done.
func (a *BlockAccount) Apply(ctx context.Context, item action.Item) ([]action.Receipt, error) {
	return applyBlock(ctx, item, a.read, func(ctx context.Context, call action.Call) error {
		client, err := a.client(ctx, call.Account, call.Region)
		if err != nil {
			return err
		}
		switch call.Operation {
		case "PutPublicAccessBlock":
			err = awscall.Send(ctx, call, client.PutPublicAccessBlock)
		case "DeletePublicAccessBlock":
			err = awscall.Send(ctx, call, client.DeletePublicAccessBlock)
		default:
			return fault.New(fault.Invalid, "%s makes no call %s:%s", blockAccountSpec.Name, call.Service, call.Operation)
		}
		return managed(awscall.Fault(err, "s3:PutAccountPublicAccessBlock", "change the public access block of account %s", item.Resource.Account))
	})
}

// managed adds to a denial that the organisation may manage the settings
// (https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_s3.html).
func managed(err error) error {
	if fault.CodeOf(err) != fault.Denied {
		return err
	}
	denied := fault.New(fault.Denied, "%s", fault.Message(err)).
		WithHint("%s; where an S3 policy of the organisation manages the settings, change that", fault.Hint(err))
	denied.Err = err
	return denied
}

// Verify looks whether the settings are as planned.
func (a *BlockAccount) Verify(ctx context.Context, item action.Item) error {
	return verifyBlock(ctx, item, a.read)
}

// Undo plans to put the old settings back, or to delete them where there were none. Where somebody changed them since, that
// is a conflict.
func (a *BlockAccount) Undo(ctx context.Context, applied action.Item) (*action.Plan, error) {
	r := applied.Resource
	now, err := a.read(ctx, r)
	if err != nil {
		return nil, err
	}
	item, err := undoBlock(applied, now, ofAccount(r))
	return onePlan(blockAccountSpec.Name, action.Request{Account: r.Account, Region: r.Region}, item), err
}
