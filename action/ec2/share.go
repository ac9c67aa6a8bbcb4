package ec2

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
)

// sharing is who else may use a snapshot or an image.
type sharing struct {
	Public   bool     `json:"public"`
	Accounts []string `json:"accounts"` // sorted

	organizations []string // and organisational units, by their ARNs: who is in them is not known here
}

// shareParams say what else than the public is shut out.
type shareParams struct {
	ID      string   `json:"id"`
	Trusted []string `json:"trusted_accounts,omitempty"`
}

// want is the sharing without the public, and, where accounts are trusted, without all others.
func (p shareParams) want(now sharing) (sharing, string, error) {
	want := sharing{Accounts: now.Accounts}
	var strangers []string
	others := ""
	if len(p.Trusted) > 0 && len(now.organizations) > 0 {
		others = " It is shared with " + list(now.organizations, "and") + ", too: see whether that is yours, and take it from them where it isn't."
	}
	if len(p.Trusted) > 0 {
		want.Accounts = []string{}
		for _, account := range now.Accounts {
			if slices.Contains(p.Trusted, account) {
				want.Accounts = append(want.Accounts, account)
			} else {
				strangers = append(strangers, account)
			}
		}
	}
	switch {
	case now.Public:
		return want, "Everybody may use it." + others, nil
	case len(strangers) > 0:
		return want, "It is shared with " + list(strangers, "and") + ", which are not trusted." + others, nil
	case others != "":
		return now, "", setting.Escalation(strings.TrimSpace(others))
	default:
		return now, "It is not public, and shared with nobody who isn't trusted.", nil
	}
}

// change is the input of Modify…Attribute that leads from one sharing to another.
func (s sharing) change(to sharing) map[string]any {
	var add, remove []map[string]string
	for _, a := range to.Accounts {
		if !slices.Contains(s.Accounts, a) {
			add = append(add, map[string]string{"UserId": a})
		}
	}
	for _, a := range s.Accounts {
		if !slices.Contains(to.Accounts, a) {
			remove = append(remove, map[string]string{"UserId": a})
		}
	}
	switch {
	case to.Public && !s.Public:
		add = append(add, map[string]string{"Group": "all"})
	case !to.Public && s.Public:
		remove = append(remove, map[string]string{"Group": "all"})
	}
	change := map[string]any{}
	if len(add) > 0 {
		change["Add"] = add
	}
	if len(remove) > 0 {
		change["Remove"] = remove
	}
	return change
}

func shareSchema(prefix, of string) json.RawMessage {
	return json.RawMessage(`{"type": "object", "additionalProperties": false, "required": ["id"], "properties": {
  "id": {"type": "string", "pattern": "^` + prefix + `-([0-9a-f]{8}|[0-9a-f]{17})$", "description": "id of the ` + of + `"},
  "trusted_accounts": {"type": "array", "items": {"type": "string", "pattern": "^[0-9]{12}$"},
    "description": "accounts that may keep it; without this, whatever accounts it is shared with keep it, and only the public is shut out"}}}`)
}

// shareable is what EC2 shares, and the calls that look at one and change with whom it is shared.
type shareable struct {
	resource, kind, prefix string // AWS::EC2::Snapshot, snapshot, snap
	tags                   func(ctx context.Context, client *ec2.Client, id string) ([]types.Tag, error)
	read                   func(ctx context.Context, client *ec2.Client, id string, now *sharing) error
	modify                 string
	operation              setting.Operation
	input                  func(id string, change map[string]any) map[string]any
}

// NewMakeSnapshotPrivate returns the action ec2.make-snapshot-private.
func NewMakeSnapshotPrivate(caller *awscall.Caller) action.Action {
	return makePrivate(caller, action.Spec{
		Name:        "ec2.make-snapshot-private",
		Title:       "Make a snapshot private",
		Description: "Takes a snapshot of a volume from the public, and, where trusted accounts are named, from all others. Copies that were made meanwhile stay where they are.",
		Permissions: []string{"ec2:DescribeSnapshots", "ec2:DescribeSnapshotAttribute", "ec2:ModifySnapshotAttribute"},
	}, shareable{
		resource: "AWS::EC2::Snapshot", kind: "snapshot", prefix: "snap",
		tags: func(ctx context.Context, client *ec2.Client, id string) ([]types.Tag, error) {
			out, err := client.DescribeSnapshots(ctx, &ec2.DescribeSnapshotsInput{SnapshotIds: []string{id}})
			if err != nil || len(out.Snapshots) == 0 {
				return nil, missing(err, "ec2:DescribeSnapshots", "snapshot", id)
			}
			return out.Snapshots[0].Tags, nil
		},
		read: func(ctx context.Context, client *ec2.Client, id string, now *sharing) error {
			out, err := client.DescribeSnapshotAttribute(ctx, &ec2.DescribeSnapshotAttributeInput{
				SnapshotId: &id, Attribute: types.SnapshotAttributeNameCreateVolumePermission,
			})
			if err != nil {
				return missing(err, "ec2:DescribeSnapshotAttribute", "snapshot", id)
			}
			for _, p := range out.CreateVolumePermissions {
				now.add(aws.ToString(p.UserId), p.Group)
			}
			return nil
		},
		modify: "ModifySnapshotAttribute", operation: setting.Op(ec2.NewFromConfig, (*ec2.Client).ModifySnapshotAttribute),
		input: func(id string, change map[string]any) map[string]any {
			return map[string]any{"SnapshotId": id, "Attribute": "createVolumePermission", "CreateVolumePermission": change}
		},
	})
}

// NewMakeImagePrivate returns the action ec2.make-image-private.
func NewMakeImagePrivate(caller *awscall.Caller) action.Action {
	return makePrivate(caller, action.Spec{
		Name:  "ec2.make-image-private",
		Title: "Make an image private",
		Description: "Takes an AMI from the public, and, where trusted accounts are named, from all other accounts. Instances that run from it go on. " +
			"Whole organisations and units with which it is shared keep it, and people are told of them.",
		Permissions: []string{"ec2:DescribeImages", "ec2:DescribeImageAttribute", "ec2:ModifyImageAttribute"},
	}, shareable{
		resource: "AWS::EC2::Image", kind: "image", prefix: "ami",
		tags: func(ctx context.Context, client *ec2.Client, id string) ([]types.Tag, error) {
			out, err := client.DescribeImages(ctx, &ec2.DescribeImagesInput{ImageIds: []string{id}})
			if err != nil || len(out.Images) == 0 {
				return nil, missing(err, "ec2:DescribeImages", "image", id)
			}
			return out.Images[0].Tags, nil
		},
		read: func(ctx context.Context, client *ec2.Client, id string, now *sharing) error {
			out, err := client.DescribeImageAttribute(ctx, &ec2.DescribeImageAttributeInput{ImageId: &id, Attribute: types.ImageAttributeNameLaunchPermission})
			if err != nil {
				return missing(err, "ec2:DescribeImageAttribute", "image", id)
			}
			for _, p := range out.LaunchPermissions {
				now.add(aws.ToString(p.UserId), p.Group)
				if arn := aws.ToString(p.OrganizationArn) + aws.ToString(p.OrganizationalUnitArn); arn != "" {
					now.organizations = append(now.organizations, arn)
				}
			}
			return nil
		},
		modify: "ModifyImageAttribute", operation: setting.Op(ec2.NewFromConfig, (*ec2.Client).ModifyImageAttribute),
		input: func(id string, change map[string]any) map[string]any {
			return map[string]any{"ImageId": id, "Attribute": "launchPermission", "LaunchPermission": change}
		},
	})
}

func makePrivate(caller *awscall.Caller, spec action.Spec, s shareable) action.Action {
	spec.Parameters, spec.Effect = shareSchema(s.prefix, s.kind), action.StateChecked
	return setting.New(caller, setting.Setting[shareParams, sharing]{
		Spec: spec,
		Find: func(ctx context.Context, cfg aws.Config, req action.Request, p shareParams) ([]action.Resource, error) {
			if err := checkID("id", p.ID, s.prefix); err != nil {
				return nil, err
			}
			tags, err := s.tags(ctx, ec2.NewFromConfig(cfg), p.ID)
			if err != nil {
				return nil, err
			}
			return []action.Resource{newResource(s.resource, s.kind, p.ID, "", req, tags)}, nil
		},
		Read: func(ctx context.Context, cfg aws.Config, r action.Resource) (sharing, error) {
			now := sharing{Accounts: []string{}}
			err := s.read(ctx, ec2.NewFromConfig(cfg), r.Name, &now)
			return now, err
		},
		Want: func(_ action.Resource, p shareParams, now sharing) (sharing, string, error) { return p.want(now) },
		Steps: func(r action.Resource, from, to sharing) ([]setting.Step[sharing], error) {
			return []setting.Step[sharing]{{Operation: s.modify, Input: s.input(r.Name, from.change(to)), Leaves: to}}, nil
		},
		Operations: map[string]setting.Operation{s.modify: s.operation},
	})
}

func (s *sharing) add(account string, group types.PermissionGroup) {
	if strings.EqualFold(string(group), string(types.PermissionGroupAll)) {
		s.Public = true
	}
	if account != "" {
		s.Accounts = append(s.Accounts, account)
		slices.Sort(s.Accounts)
	}
}
