// Package ssm has the actions on AWS Systems Manager: documents that others may use, and work that Systems Manager does on
// instances and in accounts.
package ssm

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
	"riposte.dev/fault"
)

// everybody is Systems Manager's word for the public, in small letters.
const everybody = "all"

// maxAccounts is how many accounts one call adds or removes.
const maxAccounts = 20

// sharing is who else may use a document, and which version of it.
type sharing struct {
	With []share `json:"shared_with"` // sorted by account
}

type share struct {
	Account string `json:"account"` // or everybody
	Version string `json:"version"` // $DEFAULT, $LATEST or $ALL
}

type documentParams struct {
	Document string   `json:"document"`
	Trusted  []string `json:"trusted_accounts,omitempty"`
}

// stranger reports whether who is not to use the document.
func (p documentParams) stranger(who share) bool {
	return who.Account == everybody || len(p.Trusted) > 0 && !slices.Contains(p.Trusted, who.Account)
}

// NewMakeDocumentPrivate returns the action ssm.make-document-private.
func NewMakeDocumentPrivate(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[documentParams, sharing]{
		Spec: action.Spec{
			Name:  "ssm.make-document-private",
			Title: "Make a Systems Manager document private",
			Description: "Takes a document from the public, and, where trusted accounts are named, from all others. Whoever runs it from another " +
				"account can't any more; copies that were made meanwhile stay where they are.",
			Parameters: json.RawMessage(`{"type": "object", "additionalProperties": false, "required": ["document"], "properties": {
  "document": {"type": "string", "minLength": 1, "description": "name or ARN of the document"},
  "trusted_accounts": {"type": "array", "items": {"type": "string", "pattern": "^[0-9]{12}$"},
    "description": "accounts that may keep it; without this, whatever accounts it is shared with keep it, and only the public is shut out"}}}`),
			Permissions: []string{"ssm:DescribeDocument", "ssm:ListTagsForResource", "ssm:DescribeDocumentPermission", "ssm:ModifyDocumentPermission"},
			Effect:      action.StateChecked,
		},
		Find: findDocument, Read: readSharing,
		Want: func(_ action.Resource, p documentParams, now sharing) (sharing, string, error) {
			want, public, strangers := sharing{With: []share{}}, false, []string(nil)
			for _, s := range now.With {
				if !p.stranger(s) {
					want.With = append(want.With, s)
					continue
				}
				public = public || s.Account == everybody
				strangers = append(strangers, s.Account)
			}
			switch {
			case public:
				return want, "Everybody may use it.", nil
			case len(strangers) > 0:
				return want, "It is shared with " + strings.Join(strangers, ", ") + ", not trusted here.", nil
			}
			return now, "It is not public, and shared with nobody who isn't trusted.", nil
		},
		Steps: shareSteps,
		Operations: map[string]setting.Operation{
			"ModifyDocumentPermission": setting.Op(ssm.NewFromConfig, (*ssm.Client).ModifyDocumentPermission),
		},
	})
}

// shareSteps take accounts away, and add them by the version that they may use.
func shareSteps(r action.Resource, from, to sharing) ([]setting.Step[sharing], error) {
	var steps []setting.Step[sharing]
	now := slices.Clone(from.With)
	step := func(input map[string]any) {
		slices.SortFunc(now, share.compare)
		input["Name"], input["PermissionType"] = r.Name, types.DocumentPermissionTypeShare
		steps = append(steps, setting.Step[sharing]{Operation: "ModifyDocumentPermission", Input: input, Leaves: sharing{slices.Clone(now)}})
	}
	for gone := range slices.Chunk(less(from.With, to.With), maxAccounts) {
		now = less(now, gone)
		step(map[string]any{"AccountIdsToRemove": accounts(gone)})
	}
	added := map[string][]share{}
	for _, s := range less(to.With, from.With) {
		added[s.Version] = append(added[s.Version], s)
	}
	for _, version := range []string{"$ALL", "$DEFAULT", "$LATEST"} {
		for more := range slices.Chunk(added[version], maxAccounts) {
			now = append(now, more...)
			step(map[string]any{"AccountIdsToAdd": accounts(more), "SharedDocumentVersion": version})
		}
	}
	return steps, nil
}

func (s share) compare(o share) int { return strings.Compare(s.Account, o.Account) }

// less is what is in all and not in others.
func less(all, others []share) []share {
	return slices.DeleteFunc(slices.Clone(all), func(s share) bool { return slices.Contains(others, s) })
}

func accounts(list []share) []string {
	var out []string
	for _, s := range list {
		out = append(out, s.Account)
	}
	return out
}

// findDocument returns a document of the account, with its tags.
func findDocument(ctx context.Context, cfg aws.Config, req action.Request, p documentParams) ([]action.Resource, error) {
	if p.Document == "" {
		return nil, fault.New(fault.Invalid, "no document is named").WithHint(`give {"document": "install-agent"}`)
	}
	name := p.Document
	if a, err := arn.Parse(name); err == nil {
		name = strings.TrimPrefix(a.Resource, "document/")
		if a.AccountID != req.Account || a.Region != req.Region {
			return nil, missing(fault.New(fault.NotFound, "%s is of another account or region", p.Document), "ssm:DescribeDocument", name)
		}
	}
	client := ssm.NewFromConfig(cfg)
	out, err := client.DescribeDocument(ctx, &ssm.DescribeDocumentInput{Name: &name})
	if err == nil && aws.ToString(out.Document.Owner) != req.Account {
		err = fault.New(fault.NotFound, "it belongs to %s", aws.ToString(out.Document.Owner))
	}
	if err != nil {
		return nil, missing(err, "ssm:DescribeDocument", name)
	}
	r := action.Resource{
		Type: "AWS::SSM::Document", ARN: "arn:" + awscall.Partition(req.Region) + ":ssm:" + req.Region + ":" + req.Account + ":document/" + name,
		Name: name, Account: req.Account, Region: req.Region, Tags: map[string]string{},
	}
	tags, err := client.ListTagsForResource(ctx, &ssm.ListTagsForResourceInput{ResourceType: types.ResourceTypeForTaggingDocument, ResourceId: &name})
	if err != nil {
		return nil, missing(err, "ssm:ListTagsForResource", name)
	}
	for _, t := range tags.TagList {
		r.Tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	return []action.Resource{r}, nil
}

func readSharing(ctx context.Context, cfg aws.Config, r action.Resource) (sharing, error) {
	now := sharing{With: []share{}}
	client := ssm.NewFromConfig(cfg)
	in := &ssm.DescribeDocumentPermissionInput{Name: &r.Name, PermissionType: types.DocumentPermissionTypeShare}
	for {
		out, err := client.DescribeDocumentPermission(ctx, in)
		if err != nil {
			return now, missing(err, "ssm:DescribeDocumentPermission", r.Name)
		}
		for _, s := range out.AccountSharingInfoList {
			now.With = append(now.With, share{strings.ToLower(aws.ToString(s.AccountId)), aws.ToString(s.SharedDocumentVersion)})
		}
		if in.NextToken = out.NextToken; in.NextToken == nil {
			slices.SortFunc(now.With, share.compare)
			return now, nil
		}
	}
}

func missing(err error, permission, name string) error {
	var invalid *types.InvalidDocument // Systems Manager's word for one that is not there
	if errors.As(err, &invalid) {
		err = &fault.Error{Code: fault.NotFound, Message: invalid.Error(), Err: err}
	}
	return awscall.Missing(awscall.Fault(err, permission, "look at the document %s", name),
		"the account has no document "+name, "it was deleted, it is in another region, or it is somebody else's")
}
