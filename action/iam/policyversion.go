package iam

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
	"riposte.dev/fault"
)

type versionParams struct {
	Policy  string `json:"policy_arn"`
	Version string `json:"version,omitempty"`
}

// version is which version of a managed policy holds.
type version struct {
	Default string `json:"default_version"`

	kept []string // those that there are
}

// number is the number in the id of a version; 0 where it is none.
func number(id string) int {
	n, _ := strconv.Atoi(strings.TrimPrefix(id, "v"))
	return n
}

// newest returns the newest version, and the one before it; "" for none.
func (v version) newest() (newest, before string) {
	kept := slices.SortedFunc(slices.Values(v.kept), func(a, b string) int { return number(b) - number(a) })
	kept = append(kept, "", "")
	return kept[0], kept[1]
}

func readVersion(ctx context.Context, cfg aws.Config, r action.Resource) (version, error) {
	var now version
	pages := iam.NewListPolicyVersionsPaginator(iam.NewFromConfig(cfg), &iam.ListPolicyVersionsInput{PolicyArn: &r.ARN})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return now, awscall.Fault(err, "iam:ListPolicyVersions", "list the versions of %s", r.Name)
		}
		for _, v := range page.Versions {
			id := aws.ToString(v.VersionId)
			now.kept = append(now.kept, id)
			if v.IsDefaultVersion {
				now.Default = id
			}
		}
	}
	return now, nil
}

func findPolicy(ctx context.Context, cfg aws.Config, req action.Request, p versionParams) ([]action.Resource, error) {
	parsed, err := parsePolicyARN(p.Policy, req)
	if err != nil {
		return nil, err
	}
	if parsed.AccountID != req.Account {
		return nil, fault.New(fault.Invalid, "%s is a policy of AWS, whose versions only AWS changes", p.Policy).
			WithHint("detach it with iam.detach-policy where it is too much")
	}
	out, err := iam.NewFromConfig(atHome(cfg, req)).GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: &p.Policy})
	if err != nil {
		return nil, missing(awscall.Fault(err, "iam:GetPolicy", "read the policy %s", p.Policy), "policy", nameIn(p.Policy), req.Account)
	}
	r := action.Resource{Type: policyType, ARN: p.Policy, Name: nameIn(p.Policy), Account: req.Account, Region: home(req.Region), Tags: map[string]string{}}
	for _, t := range out.Policy.Tags {
		r.Tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	return []action.Resource{r}, nil
}

// NewRevertPolicyVersion returns the action iam.revert-policy-version.
func NewRevertPolicyVersion(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[versionParams, version]{
		Spec: action.Spec{
			Name:  "iam.revert-policy-version",
			Title: "Put an earlier version of a policy in force",
			Description: "Makes another version of a managed policy of the account the default one, for everybody who has the policy: the version that " +
				"is given, or the one before the newest where that holds. The version that held is kept, and the undo makes it the default one again.",
			Parameters: json.RawMessage(`{
  "type": "object",
  "additionalProperties": false,
  "required": ["policy_arn"],
  "properties": {
    "policy_arn": {"type": "string", "minLength": 20, "description": "ARN of a managed policy of the account"},
    "version": {"type": "string", "pattern": "^v[1-9][0-9]*$", "description": "the version that shall hold, such as v3; absent: the one before the newest"}
  }
}`),
			Permissions: []string{"iam:GetPolicy", "iam:ListPolicyVersions", "iam:SetDefaultPolicyVersion"},
			Effect:      action.StateChecked, Evidence: action.EventEvidence,
		},
		Find: findPolicy, Read: readVersion,
		Want: func(_ action.Resource, p versionParams, now version) (version, string, error) {
			newest, before := now.newest()
			switch {
			case p.Version == now.Default:
				return now, "Version " + now.Default + " holds already.", nil
			case p.Version == "" && now.Default != newest:
				return now, "Version " + now.Default + " holds, which is not the newest one. Name the version that shall hold if it is another.", nil
			case p.Version == "" && before == "":
				return now, "", setting.Escalation("No version before " + now.Default + " is kept: write a new one, or detach the policy.")
			case p.Version == "":
				p.Version = before
			case !slices.Contains(now.kept, p.Version):
				return now, "", fault.New(fault.Invalid, "the policy has no version %.20q", p.Version).
					WithHint("it has %s", strings.Join(now.kept, ", "))
			}
			return version{Default: p.Version}, "Version " + now.Default + " holds.", nil
		},
		Steps: func(r action.Resource, _, to version) ([]setting.Step[version], error) {
			input := map[string]string{"PolicyArn": r.ARN, "VersionId": to.Default}
			return []setting.Step[version]{{Operation: "SetDefaultPolicyVersion", Input: input, Leaves: to}}, nil
		},
		Operations: map[string]setting.Operation{"SetDefaultPolicyVersion": op((*iam.Client).SetDefaultPolicyVersion)},
	})
}
