// Package accessanalyzer has the action on IAM Access Analyzer: an account without an analyzer.
package accessanalyzer

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/accessanalyzer"
	"github.com/aws/aws-sdk-go-v2/service/accessanalyzer/types"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
)

type enableParams struct {
	Name string `json:"name,omitempty"`
}

// analyzers are the names of those that look for resources that are shared with others.
type analyzers struct {
	Active []string `json:"active"`

	broken []types.AnalyzerSummary // those that look at nothing
}

func readAnalyzers(ctx context.Context, cfg aws.Config, r action.Resource) (analyzers, error) {
	now := analyzers{Active: []string{}}
	pages := accessanalyzer.NewListAnalyzersPaginator(accessanalyzer.NewFromConfig(cfg), &accessanalyzer.ListAnalyzersInput{Type: types.TypeAccount})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return now, awscall.Fault(err, "access-analyzer:ListAnalyzers", "list the analyzers in %s", r.Region)
		}
		for _, a := range page.Analyzers {
			if a.Status == types.AnalyzerStatusActive || a.Status == types.AnalyzerStatusCreating {
				now.Active = append(now.Active, aws.ToString(a.Name))
			} else {
				now.broken = append(now.broken, a)
			}
		}
	}
	slices.Sort(now.Active)
	return now, nil
}

// NewEnable returns the action accessanalyzer.enable.
func NewEnable(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[enableParams, analyzers]{
		Spec: action.Spec{
			Name:  "accessanalyzer.enable",
			Title: "Create an analyzer of external access",
			Description: "Creates an analyzer of IAM Access Analyzer for the account in the region where none is active; it tells of roles, buckets, keys " +
				"and other resources that are open to others, and costs nothing. An analyzer of the organization, which its management account " +
				"sees, is not counted. Archive rules of an analyzer that was deleted don't come back. The undo deletes the analyzer, with its findings.",
			Parameters: json.RawMessage(`{
  "type": "object",
  "additionalProperties": false,
  "properties": {"name": {"type": "string", "pattern": "^[A-Za-z][A-Za-z0-9_.-]{0,254}$", "description": "name of the analyzer to create; riposte if absent"}}
}`),
			Permissions: []string{
				"access-analyzer:ListAnalyzers", "access-analyzer:CreateAnalyzer", "access-analyzer:DeleteAnalyzer", "iam:CreateServiceLinkedRole",
			},
			Within: map[string]action.Limit{"iam:CreateServiceLinkedRole": action.LinkedRole("access-analyzer.amazonaws.com")},
			Effect: action.StateChecked,
		},
		Find: func(_ context.Context, _ aws.Config, req action.Request, _ enableParams) ([]action.Resource, error) {
			return []action.Resource{awscall.Account(req)}, nil
		},
		Read: readAnalyzers,
		Want: func(_ action.Resource, p enableParams, now analyzers) (analyzers, string, error) {
			switch {
			case len(now.Active) > 0:
				return now, "It has the analyzer " + now.Active[0] + " already.", nil
			case len(now.broken) > 0:
				return now, "", setting.Escalation("Its analyzer " + aws.ToString(now.broken[0].Name) + " is " + string(now.broken[0].Status) +
					", and an account can have one: find out why, and delete it.")
			case p.Name == "":
				p.Name = "riposte"
			}
			return analyzers{Active: []string{p.Name}}, "It has no analyzer, so nobody is told what it opens to others.", nil
		},
		Steps: func(_ action.Resource, from, to analyzers) ([]setting.Step[analyzers], error) {
			if len(to.Active) == 0 {
				return []setting.Step[analyzers]{{
					Operation: "access-analyzer:DeleteAnalyzer", Input: map[string]string{"AnalyzerName": from.Active[0]}, Leaves: to,
				}}, nil
			}
			return []setting.Step[analyzers]{{
				Operation: "access-analyzer:CreateAnalyzer",
				Input:     map[string]any{"AnalyzerName": to.Active[0], "Type": types.TypeAccount}, Leaves: to,
			}}, nil
		},
		Operations: map[string]setting.Operation{
			"access-analyzer:CreateAnalyzer": setting.Op(accessanalyzer.NewFromConfig, (*accessanalyzer.Client).CreateAnalyzer),
			"access-analyzer:DeleteAnalyzer": setting.Op(accessanalyzer.NewFromConfig, (*accessanalyzer.Client).DeleteAnalyzer),
		},
	})
}
