package ec2

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
	"riposte.dev/fault"
)

// CaseTag is the tag of snapshots that are made for a case; its value is the case.
const CaseTag = "riposte:case"

// keeping is which volumes of an instance are kept for a case.
type keeping struct {
	Volumes []keptVolume `json:"volumes"` // as the instance has them, its root first
}

type keptVolume struct {
	ID   string `json:"volume"`
	Kept bool   `json:"snapshot"`
}

type caseParams struct {
	Instance string `json:"instance_id"`
	Case     string `json:"case"`
}

var caseName = regexp.MustCompile(`^[A-Za-z0-9._:/@+-]{1,200}$`)

// NewCreateSnapshots returns the action ec2.create-snapshots.
func NewCreateSnapshots(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[caseParams, keeping]{
		Spec: action.Spec{
			Name:  "ec2.create-snapshots",
			Title: "Keep what is on an instance's volumes",
			Description: "Makes a snapshot of every volume of an instance, all of the same moment, tagged with the case (`" + CaseTag + "`). Volumes that " +
				"have one for that case are left out. The instance goes on; what it holds in memory is not kept.",
			Parameters: json.RawMessage(`{"type": "object", "additionalProperties": false, "required": ["instance_id", "case"], "properties": {
  "instance_id": {"type": "string", "pattern": "^i-([0-9a-f]{8}|[0-9a-f]{17})$", "description": "id of the instance"},
  "case": {"type": "string", "pattern": "` + caseName.String() + `", "description": "what the snapshots are for, such as the id of a finding or event"}}}`),
			Permissions: []string{"ec2:DescribeInstances", "ec2:DescribeSnapshots", "ec2:CreateSnapshots", "ec2:CreateTags"},
			Within: map[string]action.Limit{"ec2:CreateTags": {
				Resources: []string{"arn:P:ec2:*::snapshot/*"}, Conditions: map[string]map[string][]string{"StringEquals": {"ec2:CreateAction": {"CreateSnapshots"}}},
			}},
			Effect:       action.StateChecked,
			Evidence:     action.EventEvidence,
			Irreversible: "the snapshots are evidence; whoever closes the case deletes them",
		},
		Find: func(ctx context.Context, cfg aws.Config, req action.Request, p caseParams) ([]action.Resource, error) {
			if !caseName.MatchString(p.Case) {
				return nil, fault.New(fault.Invalid, "case %.100q is no name for a case", p.Case).WithHint("give the id of the finding or event")
			}
			found, err := findInstance(ctx, cfg, req, instanceParams{p.Instance})
			for i := range found {
				found[i].Name += " " + p.Case
			}
			return found, err
		},
		Read: readKeeping,
		Want: func(_ action.Resource, _ caseParams, now keeping) (keeping, string, error) {
			want, missing := keeping{Volumes: []keptVolume{}}, 0
			for _, v := range now.Volumes {
				if !v.Kept {
					missing++
				}
				want.Volumes = append(want.Volumes, keptVolume{v.ID, true})
			}
			if missing == 0 {
				return now, "All of its volumes are kept for this case.", nil
			}
			return want, fmt.Sprintf("%d of its %d volumes are not kept for this case.", missing, len(now.Volumes)), nil
		},
		Steps: func(r action.Resource, from, to keeping) ([]setting.Step[keeping], error) {
			instance, name, _ := strings.Cut(r.Name, " ")
			of := map[string]any{"InstanceId": instance}
			var without []string
			for i, v := range from.Volumes {
				switch {
				case v.Kept && i == 0:
					of["ExcludeBootVolume"] = true
				case v.Kept:
					without = append(without, v.ID)
				}
			}
			if without != nil {
				of["ExcludeDataVolumeIds"] = without
			}
			return []setting.Step[keeping]{{Operation: "CreateSnapshots", Leaves: to, Input: map[string]any{
				"InstanceSpecification": of, "Description": "kept by riposte for " + name, "CopyTagsFromSource": "volume",
				"TagSpecifications": []tagSpecification{{ResourceType: "snapshot", Tags: []tag{{CaseTag, name}}}},
			}}}, nil
		},
		Operations: map[string]setting.Operation{"CreateSnapshots": setting.Op(ec2.NewFromConfig, (*ec2.Client).CreateSnapshots)},
	})
}

func readKeeping(ctx context.Context, cfg aws.Config, r action.Resource) (keeping, error) {
	instance, name, _ := strings.Cut(r.Name, " ")
	now := keeping{Volumes: []keptVolume{}}
	i, err := describeInstance(ctx, cfg, instance)
	if err != nil {
		return now, err
	}
	var ids []string
	for _, d := range i.BlockDeviceMappings {
		if d.Ebs == nil {
			continue
		}
		id := aws.ToString(d.Ebs.VolumeId)
		if aws.ToString(d.DeviceName) == aws.ToString(i.RootDeviceName) {
			ids = append([]string{id}, ids...)
		} else {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return now, nil
	}
	kept := map[string]bool{}
	pages := ec2.NewDescribeSnapshotsPaginator(ec2.NewFromConfig(cfg), &ec2.DescribeSnapshotsInput{OwnerIds: []string{"self"}, Filters: []types.Filter{
		{Name: aws.String("volume-id"), Values: ids}, {Name: aws.String("tag:" + CaseTag), Values: []string{name}},
	}})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return now, awscall.Fault(err, "ec2:DescribeSnapshots", "read the snapshots of %s", instance)
		}
		for _, s := range page.Snapshots {
			kept[aws.ToString(s.VolumeId)] = kept[aws.ToString(s.VolumeId)] || s.State != types.SnapshotStateError
		}
	}
	for _, id := range ids {
		now.Volumes = append(now.Volumes, keptVolume{id, kept[id]})
	}
	return now, nil
}
