package cloudtrail

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
	"riposte.dev/fault"
)

// What the settings of one trail share.

type trailParams struct {
	Trail string `json:"trail"`
}

const (
	trailProperty = `"trail": {"type": "string", "minLength": 3, "description": "name or ARN of the trail"}`
	trailSchema   = `{"type": "object", "additionalProperties": false, "required": ["trail"], "properties": {` + trailProperty + `}}`
)

var updatePermissions = []string{"cloudtrail:DescribeTrails", "cloudtrail:ListTags", "cloudtrail:GetTrail", "cloudtrail:UpdateTrail"}

// findTrail returns the trail in its home region, with its tags.
func findTrail(ctx context.Context, caller *awscall.Caller, cfg aws.Config, req action.Request, name string) ([]action.Resource, error) {
	if name == "" {
		return nil, fault.New(fault.Invalid, "no trail is named").WithHint(`give {"trail": "<name or ARN>"}`)
	}
	if err := checkTrail(name); err != nil {
		return nil, err
	}
	trails, err := (&StartLogging{caller}).find(ctx, req, params{Trail: name})
	if err != nil {
		return nil, err
	}
	t := trails[0]
	r := resource(t, req.Account)
	if t.Owner != req.Account {
		return []action.Resource{r}, nil // whose tags the account may not see; see leaveTrail
	}
	cfg = cfg.Copy()
	cfg.Region = t.Region
	out, err := cloudtrail.NewFromConfig(cfg).ListTags(ctx, &cloudtrail.ListTagsInput{ResourceIdList: []string{t.ARN}})
	if err != nil {
		return nil, missingTrail(awscall.Fault(err, "cloudtrail:ListTags", "read the tags of the trail %s", t.Name), r)
	}
	r.Tags = map[string]string{}
	for _, list := range out.ResourceTagList {
		for _, tag := range list.TagsList {
			r.Tags[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
		}
	}
	return []action.Resource{r}, nil
}

// findNamed is findTrail for an action that wants nothing else than the trail's name.
func findNamed(caller *awscall.Caller) func(context.Context, aws.Config, action.Request, trailParams) ([]action.Resource, error) {
	return func(ctx context.Context, cfg aws.Config, req action.Request, p trailParams) ([]action.Resource, error) {
		return findTrail(ctx, caller, cfg, req, p.Trail)
	}
}

func missingTrail(err error, r action.Resource) error {
	return awscall.Missing(err, fmt.Sprintf("account %s has no trail %s in %s", r.Account, r.Name, r.Region),
		"if it was deleted, create it again; the event history names who called DeleteTrail")
}

// leaveTrail leaves a trail of the organisation to its owner.
func leaveTrail(_ context.Context, _ aws.Config, r action.Resource) (string, error) {
	t, err := parseTrail(r.ARN)
	if err != nil || t.Owner == r.Account {
		return "", err
	}
	return fmt.Sprintf("It is a trail of the organisation, which a member account may not change: change it from account %s.", t.Owner), nil
}

func readTrail(ctx context.Context, cfg aws.Config, r action.Resource) (*types.Trail, error) {
	out, err := cloudtrail.NewFromConfig(cfg).GetTrail(ctx, &cloudtrail.GetTrailInput{Name: &r.ARN})
	if err != nil {
		return nil, missingTrail(awscall.Fault(err, "cloudtrail:GetTrail", "look at the trail %s", r.Name), r)
	}
	return out.Trail, nil
}

// newUpdate returns the action of a setting that UpdateTrail changes: read takes it from the trail, and set is the members of the
// call's input that set it.
func newUpdate[P, S any](caller *awscall.Caller, s setting.Setting[P, S], read func(*types.Trail) S, set func(S) map[string]any) action.Action {
	s.Spec.Permissions, s.Spec.Effect = updatePermissions, action.StateChecked
	s.Leave = leaveTrail
	s.Read = func(ctx context.Context, cfg aws.Config, r action.Resource) (S, error) {
		t, err := readTrail(ctx, cfg, r)
		if err != nil {
			var none S
			return none, err
		}
		return read(t), nil
	}
	s.Steps = func(r action.Resource, _, to S) ([]setting.Step[S], error) {
		input := set(to)
		input["Name"] = r.ARN
		return []setting.Step[S]{{Operation: "UpdateTrail", Input: input, Leaves: to}}, nil
	}
	s.Operations = map[string]setting.Operation{"UpdateTrail": setting.Op(cloudtrail.NewFromConfig, (*cloudtrail.Client).UpdateTrail)}
	return setting.New(caller, s)
}
