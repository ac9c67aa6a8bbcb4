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

// profile is the instance profile of an instance; the zero value is none.
type profile struct {
	ARN string `json:"instance_profile,omitempty"`

	association string // its id, which is another one after an undo
}

// inEC2 are EC2's names where a role is passed to it: that of China, too.
var inEC2 = []string{"ec2.amazonaws.com", "ec2.amazonaws.com.cn"}

// NewDetachProfile returns the action ec2.detach-instance-profile.
func NewDetachProfile(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[instanceParams, profile]{
		Spec: action.Spec{
			Name:  "ec2.detach-instance-profile",
			Title: "Take an instance's role away",
			Description: "Takes the instance profile from an instance, so that it gets no more credentials of its role. Those that it has, or that " +
				"somebody took from it, hold for up to six hours: iam.revoke-sessions ends them. The undo gives the profile back.",
			Parameters: json.RawMessage(idSchema("instance_id", "i", "instance")),
			Permissions: []string{
				"ec2:DescribeInstances", "ec2:DescribeIamInstanceProfileAssociations", "ec2:DisassociateIamInstanceProfile",
				"ec2:AssociateIamInstanceProfile", "iam:PassRole",
			},
			Within: map[string]action.Limit{"iam:PassRole": action.PassedTo(inEC2...)},
			Effect: action.StateChecked, Evidence: action.EventEvidence,
		},
		Find: findInstance, Leave: leaveManaged, Read: readProfile,
		Want: func(_ action.Resource, _ instanceParams, now profile) (profile, string, error) {
			if now.ARN == "" {
				return now, "It has no instance profile.", nil
			}
			return profile{}, "It gets credentials by " + now.ARN + ".", nil
		},
		Steps: profileSteps, Operations: profileOperations,
	})
}

// replaceParams say which profile an instance is to have.
type replaceParams struct {
	Instance string `json:"instance_id"`
	Profile  string `json:"instance_profile"`
}

// profileName is a name, after the path where it has one
// (https://docs.aws.amazon.com/IAM/latest/APIReference/API_InstanceProfile.html).
var profileName = regexp.MustCompile(`^([!-.0-~]+/)*[\w+=,.@-]{1,128}$`)

// NewReplaceProfile returns the action ec2.replace-instance-profile.
func NewReplaceProfile(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[replaceParams, profile]{
		Spec: action.Spec{
			Name:  "ec2.replace-instance-profile",
			Title: "Give an instance another role",
			Description: "Replaces the instance profile of an instance by another one, such as one whose role lets it be examined and nothing else, " +
				"without a time between them in which it has none. The profile must be there. Credentials of the role before, that the instance has " +
				"or that somebody took from it, hold for up to six hours: iam.revoke-sessions ends them. The undo gives the profile back.",
			Parameters: json.RawMessage(`{"type": "object", "additionalProperties": false, "required": ["instance_id", "instance_profile"], "properties": {
  "instance_id": {"type": "string", "pattern": "^i-([0-9a-f]{8}|[0-9a-f]{17})$", "description": "id of the instance"},
  "instance_profile": {"type": "string", "minLength": 1, "description": "name of the instance profile in the instance's account, after its path where it has one: security/quarantine"}}}`),
			Permissions: []string{
				"ec2:DescribeInstances", "ec2:DescribeIamInstanceProfileAssociations", "ec2:ReplaceIamInstanceProfileAssociation", "iam:PassRole",
			},
			Within: map[string]action.Limit{"iam:PassRole": action.PassedTo(inEC2...)},
			Effect: action.StateChecked, Evidence: action.EventEvidence,
		},
		Find: func(ctx context.Context, cfg aws.Config, req action.Request, p replaceParams) ([]action.Resource, error) {
			if !profileName.MatchString(p.Profile) || strings.HasPrefix(p.Profile, "arn:") {
				return nil, fault.New(fault.Invalid, "instance_profile %.100q is no name of an instance profile", p.Profile).
					WithHint(`give its name, without the ARN around it: {"instance_profile": "quarantine"}`)
			}
			return findInstance(ctx, cfg, req, instanceParams{p.Instance})
		},
		Leave: leaveManaged, Read: readProfile,
		Want: func(r action.Resource, p replaceParams, now profile) (profile, string, error) {
			want := profile{ARN: fmt.Sprintf("arn:%s:iam::%s:instance-profile/%s", awscall.Partition(r.Region), r.Account, p.Profile)}
			switch now.ARN {
			case "":
				return now, "It has no instance profile, so that there is none to replace.", nil
			case want.ARN:
				return now, "It has that instance profile already.", nil
			}
			return want, "It gets credentials by " + now.ARN + ".", nil
		},
		Steps: profileSteps, Operations: profileOperations,
	})
}

var profileOperations = map[string]setting.Operation{
	"AssociateIamInstanceProfile":          setting.Op(ec2.NewFromConfig, (*ec2.Client).AssociateIamInstanceProfile),
	"DisassociateIamInstanceProfile":       setting.Op(ec2.NewFromConfig, (*ec2.Client).DisassociateIamInstanceProfile),
	"ReplaceIamInstanceProfileAssociation": setting.Op(ec2.NewFromConfig, (*ec2.Client).ReplaceIamInstanceProfileAssociation),
}

func profileSteps(r action.Resource, from, to profile) ([]setting.Step[profile], error) {
	step := setting.Step[profile]{Leaves: to}
	given := map[string]string{"Arn": to.ARN}
	switch {
	case to.ARN == "":
		step.Operation, step.Input = "DisassociateIamInstanceProfile", map[string]any{"AssociationId": from.association}
	case from.ARN == "":
		step.Operation, step.Input = "AssociateIamInstanceProfile", map[string]any{"InstanceId": r.Name, "IamInstanceProfile": given}
	default:
		step.Operation = "ReplaceIamInstanceProfileAssociation"
		step.Input = map[string]any{"AssociationId": from.association, "IamInstanceProfile": given}
	}
	return []setting.Step[profile]{step}, nil
}

func readProfile(ctx context.Context, cfg aws.Config, r action.Resource) (profile, error) {
	out, err := ec2.NewFromConfig(cfg).DescribeIamInstanceProfileAssociations(ctx, &ec2.DescribeIamInstanceProfileAssociationsInput{
		Filters: []types.Filter{
			{Name: aws.String("instance-id"), Values: []string{r.Name}},
			{Name: aws.String("state"), Values: []string{"associating", "associated"}},
		},
	})
	if err != nil {
		return profile{}, awscall.Fault(err, "ec2:DescribeIamInstanceProfileAssociations", "read the instance profile of %s", r.Name)
	}
	for _, a := range out.IamInstanceProfileAssociations {
		if a.IamInstanceProfile != nil {
			return profile{aws.ToString(a.IamInstanceProfile.Arn), aws.ToString(a.AssociationId)}, nil
		}
	}
	return profile{}, nil
}
