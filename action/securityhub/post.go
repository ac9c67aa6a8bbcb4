package securityhub

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/securityhub"
	"github.com/aws/aws-sdk-go-v2/service/securityhub/types"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
	"riposte.dev/fault"
	"riposte.dev/finding"
)

type postParams struct {
	Finding json.RawMessage `json:"finding"`
}

// posted is whether Security Hub shows the finding among those that somebody has to look at.
type posted struct {
	Active bool `json:"active"`

	finding json.RawMessage // as it is, or is to be, there
}

// NewPostFinding returns the action securityhub.post-finding.
func NewPostFinding(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[postParams, posted]{
		Spec: action.Spec{
			Name:  "securityhub.post-finding",
			Title: "Post a finding to Security Hub",
			Description: "Imports a finding into the Security Hub of the account and region that it is about, as one of the account's own product, unless it is " +
				"there and active. Security Hub lets nobody delete findings: the undo archives it.",
			Parameters: json.RawMessage(`{"type": "object", "additionalProperties": false, "required": ["finding"], "properties": {
  "finding": {"type": "object", "description": "in the AWS Security Finding Format, such as $.detail.findings[0] of a finding of riposte; ProductArn, AwsAccountId and Region become those of where it is posted"}}}`),
			Permissions: []string{"securityhub:GetFindings", "securityhub:BatchImportFindings"},
			Effect:      action.StateChecked,
		},
		Find: findFinding, Read: readPosted,
		Want: func(r action.Resource, p postParams, now posted) (posted, string, error) {
			if now.Active {
				return now, "Security Hub has it already.", nil
			}
			f, err := own(p.Finding, r.Account, r.Region)
			if err != nil {
				return now, "", err
			}
			if had := updated(now.finding); !had.Before(updated(p.Finding)) {
				f.UpdatedAt = finding.Time(had.Add(time.Millisecond)) // an update counts only where it is newer than what is there
			}
			raw, err := json.Marshal(f)
			return posted{true, raw}, "Security Hub does not show it.", err
		},
		Steps: func(_ action.Resource, from, to posted) ([]setting.Step[posted], error) {
			raw := to.finding
			if !to.Active {
				raw = from.finding
			}
			f, err := importable(raw, to.Active)
			return []setting.Step[posted]{{Operation: "BatchImportFindings", Input: map[string]any{"Findings": []any{f}}, Leaves: to}}, err
		},
		Operations: map[string]setting.Operation{"BatchImportFindings": importFindings},
	})
}

// own makes the finding one of the account's own product.
func own(raw json.RawMessage, account, region string) (finding.Finding, error) {
	const hint = `give {"finding": {"SchemaVersion": "2018-10-08", "Id": "…", …}}, a whole finding in the AWS Security Finding Format`
	f, err := finding.Parse(raw)
	if err != nil {
		return f, fault.New(fault.Invalid, "%s", fault.Message(err)).WithHint("%s", hint)
	}
	if strings.Contains(f.ProductArn, "::product/aws/") {
		return f, fault.New(fault.Invalid, "%s is a finding of AWS's own, which Security Hub has from its product", f.ID).WithHint("post findings of riposte")
	}
	f.AwsAccountID, f.Region = account, region
	f.ProductArn = "arn:" + awscall.Partition(region) + ":securityhub:" + region + ":" + account + ":product/" + account + "/default"
	if err := finding.Validate(f); err != nil {
		return f, fault.New(fault.Invalid, "%s", fault.Message(err)).WithHint("%s", hint)
	}
	return f, nil
}

func findFinding(_ context.Context, _ aws.Config, req action.Request, p postParams) ([]action.Resource, error) {
	f, err := own(p.Finding, req.Account, req.Region)
	if err != nil {
		return nil, err
	}
	return []action.Resource{{Type: "AWS::SecurityHub::Finding", ARN: f.Key().ARN(), Name: f.ID, Account: req.Account, Region: req.Region}}, nil
}

func readPosted(ctx context.Context, cfg aws.Config, r action.Resource) (posted, error) {
	product, _, _ := strings.Cut(r.ARN, "/default/")
	by := func(value string) []types.StringFilter {
		return []types.StringFilter{{Comparison: types.StringFilterComparisonEquals, Value: &value}}
	}
	out, err := securityhub.NewFromConfig(cfg).GetFindings(ctx, &securityhub.GetFindingsInput{
		Filters: &types.AwsSecurityFindingFilters{Id: by(r.Name), ProductArn: by(product + "/default")},
	})
	if off(err) {
		return posted{}, fault.New(fault.NotFound, "Security Hub is off in account %s, %s", r.Account, r.Region).WithHint("turn it on: securityhub.enable")
	}
	if err != nil || len(out.Findings) == 0 {
		return posted{}, awscall.Fault(err, "securityhub:GetFindings", "see whether Security Hub has %s", r.Name)
	}
	raw, err := json.Marshal(out.Findings[0])
	return posted{out.Findings[0].RecordState == types.RecordStateActive, raw}, err
}

// updated is when the finding was; zero where there is none.
func updated(raw json.RawMessage) time.Time {
	var f struct{ UpdatedAt time.Time }
	if json.Unmarshal(raw, &f) != nil {
		return time.Time{}
	}
	return f.UpdatedAt
}

// importable is the finding as BatchImportFindings takes it, active or archived.
func importable(raw json.RawMessage, active bool) (map[string]any, error) {
	var f map[string]any
	if err := json.Unmarshal(raw, &f); err != nil {
		return nil, fault.New(fault.Internal, "read the finding: %w", err)
	}
	for name, value := range f {
		if value == nil {
			delete(f, name)
		}
	}
	f["RecordState"] = types.RecordStateActive
	if !active {
		f["RecordState"] = types.RecordStateArchived
		f["UpdatedAt"] = finding.Time(updated(raw).Add(time.Millisecond))
	}
	return f, nil
}

// importFindings makes the call. A finding that Security Hub refused is in its answer, not in an error.
func importFindings(ctx context.Context, cfg aws.Config, call action.Call) error {
	out, err := awscall.Answer(ctx, call, securityhub.NewFromConfig(cfg).BatchImportFindings)
	if err != nil || aws.ToInt32(out.FailedCount) == 0 {
		return err
	}
	var why bytes.Buffer
	for _, f := range out.FailedFindings {
		why.WriteString(" " + aws.ToString(f.ErrorCode) + ": " + aws.ToString(f.ErrorMessage))
	}
	return fault.New(fault.Invalid, "Security Hub did not take the finding:%s", why.String()).WithHint("correct the finding")
}
