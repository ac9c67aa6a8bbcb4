package rds

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
	"riposte.dev/fault"
)

// everybody is RDS's word for the public.
const everybody = "all"

// sharing is who else may restore a snapshot: accounts, and the public.
type sharing struct {
	With []string `json:"shared_with"` // sorted
}

type snapshotParams struct {
	Snapshot string   `json:"snapshot"`
	Trusted  []string `json:"trusted_accounts,omitempty"`
}

// stranger reports whether who is not to restore the snapshot.
func (p snapshotParams) stranger(who string) bool {
	return who == everybody || len(p.Trusted) > 0 && !slices.Contains(p.Trusted, who)
}

// NewMakeSnapshotPrivate returns the action rds.make-snapshot-private.
func NewMakeSnapshotPrivate(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[snapshotParams, sharing]{
		Spec: action.Spec{
			Name:        "rds.make-snapshot-private",
			Title:       "Make a database snapshot private",
			Description: "Takes a snapshot of a database from the public, and, where trusted accounts are named, from all others. Copies that were made meanwhile stay where they are.",
			Parameters: json.RawMessage(`{"type": "object", "additionalProperties": false, "required": ["snapshot"], "properties": {
  "snapshot": {"type": "string", "minLength": 1, "description": "identifier or ARN of the snapshot"},
  "trusted_accounts": {"type": "array", "items": {"type": "string", "pattern": "^[0-9]{12}$"},
    "description": "accounts that may keep it; without this, whatever accounts it is shared with keep it, and only the public is shut out"}}}`),
			Permissions: []string{"rds:DescribeDBSnapshots", "rds:DescribeDBSnapshotAttributes", "rds:ModifyDBSnapshotAttribute"},
			Effect:      action.StateChecked,
		},
		Find: findSnapshot, Read: readSharing,
		Want: func(_ action.Resource, p snapshotParams, now sharing) (sharing, string, error) {
			strangers := slices.DeleteFunc(slices.Clone(now.With), func(who string) bool { return !p.stranger(who) })
			want := sharing{slices.DeleteFunc(slices.Clone(now.With), p.stranger)}
			switch {
			case slices.Contains(strangers, everybody):
				return want, "Everybody may restore it.", nil
			case len(strangers) > 0:
				return want, "It is shared with " + strings.Join(strangers, ", ") + ", not trusted here.", nil
			}
			return now, "It is not public, and shared with nobody who isn't trusted.", nil
		},
		Steps: func(r action.Resource, from, to sharing) ([]setting.Step[sharing], error) {
			input := map[string]any{"DBSnapshotIdentifier": r.Name, "AttributeName": "restore"}
			if add := less(to.With, from.With); len(add) > 0 {
				input["ValuesToAdd"] = add
			}
			if remove := less(from.With, to.With); len(remove) > 0 {
				input["ValuesToRemove"] = remove
			}
			return []setting.Step[sharing]{{Operation: "ModifyDBSnapshotAttribute", Input: input, Leaves: to}}, nil
		},
		Operations: map[string]setting.Operation{
			"ModifyDBSnapshotAttribute": setting.Op(rds.NewFromConfig, (*rds.Client).ModifyDBSnapshotAttribute),
		},
	})
}

// less is what is in all and not in others.
func less(all, others []string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(who string) bool { return slices.Contains(others, who) })
}

func findSnapshot(ctx context.Context, cfg aws.Config, req action.Request, p snapshotParams) ([]action.Resource, error) {
	if p.Snapshot == "" {
		return nil, fault.New(fault.Invalid, "no snapshot is named").WithHint(`give {"snapshot": "orders-2026-11-21"}`)
	}
	name := plainName(p.Snapshot, "snapshot")
	out, err := rds.NewFromConfig(cfg).DescribeDBSnapshots(ctx, &rds.DescribeDBSnapshotsInput{DBSnapshotIdentifier: &name})
	if err == nil && len(out.DBSnapshots) == 0 {
		err = fault.New(fault.NotFound, "AWS shows no snapshot %s", name)
	}
	if err != nil {
		return nil, missingSnapshot(err, "rds:DescribeDBSnapshots", name)
	}
	s := out.DBSnapshots[0]
	return []action.Resource{resource("AWS::RDS::DBSnapshot", s.DBSnapshotArn, s.DBSnapshotIdentifier, req, s.TagList)}, nil
}

func missingSnapshot(err error, permission, name string) error {
	return awscall.Missing(awscall.Fault(err, permission, "look at the snapshot %s", name),
		"there is no snapshot "+name+" of a database", "it was deleted, or it is in another region")
}

func readSharing(ctx context.Context, cfg aws.Config, r action.Resource) (sharing, error) {
	out, err := rds.NewFromConfig(cfg).DescribeDBSnapshotAttributes(ctx, &rds.DescribeDBSnapshotAttributesInput{DBSnapshotIdentifier: &r.Name})
	if err != nil {
		return sharing{}, missingSnapshot(err, "rds:DescribeDBSnapshotAttributes", r.Name)
	}
	now := sharing{With: []string{}}
	for _, a := range out.DBSnapshotAttributesResult.DBSnapshotAttributes {
		if aws.ToString(a.AttributeName) == "restore" {
			now.With = append(now.With, a.AttributeValues...)
		}
	}
	slices.Sort(now.With)
	return now, nil
}
