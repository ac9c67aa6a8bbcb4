package ssm

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
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

type automationParams struct {
	Document   string     `json:"document"`
	Role       string     `json:"role"`
	Case       string     `json:"case"`
	Parameters parameters `json:"parameters,omitempty"`
}

// assumeRole is the parameter by which a runbook is told as whom it works.
const assumeRole = "AutomationAssumeRole"

// NewStartAutomation returns the action ssm.start-automation.
func NewStartAutomation(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[automationParams, outcome]{
		Spec: action.Spec{
			Name:  "ssm.start-automation",
			Title: "Run a runbook of Systems Manager",
			Description: "Has Systems Manager Automation run a runbook of the account or of AWS, once for a case, and waits until it has succeeded. It " +
				"works as the role that is named, not as riposte; the runbook must have the parameter " + assumeRole + ". riposte neither plans " +
				"nor undoes what it does.",
			Parameters: json.RawMessage(`{"type": "object", "additionalProperties": false, "required": ["document", "role", "case"], "properties": {
  "document": {"type": "string", "pattern": "^[A-Za-z0-9_.-]{3,128}$", "description": "name of the runbook"},
  "role": {"type": "string", "pattern": "^arn:[a-z-]+:iam::[0-9]{12}:role/.+$", "description": "ARN of the account's role as which it works"},
  ` + caseSchema + `,
  ` + parametersSchema + `}}`),
			Permissions:  []string{"ssm:DescribeDocument", "ssm:DescribeAutomationExecutions", "ssm:StartAutomationExecution", "ssm:AddTagsToResource", "iam:PassRole"},
			Within:       map[string]action.Limit{"iam:PassRole": action.PassedTo("ssm.amazonaws.com")},
			Effect:       action.TokenKeyed,
			Evidence:     action.EventEvidence,
			Irreversible: "what the runbook did is done",
			Outside:      true,
			TakesSeconds: takes,
		},
		Find: findAutomation, Read: readAutomation,
		Want: func(_ action.Resource, p automationParams, now outcome) (outcome, string, error) {
			switch now.Status {
			case success:
				return now, "It has run for this case.", nil
			case "":
			default:
				return now, "", setting.Escalation("It is under way for this case (" + now.Status + ").")
			}
			want := outcome{Status: success, params: parameters{assumeRole: {p.Role}}}
			for name, values := range p.Parameters {
				want.params[name] = values
			}
			return want, "It has not run for this case.", nil
		},
		Steps: func(r action.Resource, _, to outcome) ([]setting.Step[outcome], error) {
			document, name, _ := strings.Cut(r.Name, " ")
			return []setting.Step[outcome]{{Operation: "StartAutomationExecution", Leaves: to, Input: map[string]any{
				"DocumentName": document, "ClientToken": token(r.ARN, name), "Parameters": to.params,
				"Tags": []map[string]string{{"Key": caseTag(name), "Value": "riposte"}},
			}}}, nil
		},
		Operations: map[string]setting.Operation{
			"StartAutomationExecution": setting.Op(ssm.NewFromConfig, (*ssm.Client).StartAutomationExecution),
		},
	})
}

// caseTag is the key of the tag by which a case's automation is found: Automation finds by keys, not by values.
func caseTag(name string) string { return "riposte:case:" + name }

// token is the same for the same runbook and case: Automation starts one execution for it.
func token(arn, name string) string {
	sum := sha256.Sum256([]byte(arn + "\n" + name))
	return fmt.Sprintf("%x-%x-%x-%x-%x", sum[:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}

// findAutomation returns the runbook. What it changes is not known.
func findAutomation(ctx context.Context, cfg aws.Config, req action.Request, p automationParams) ([]action.Resource, error) {
	role, err := arn.Parse(p.Role)
	if err != nil || role.Service != "iam" || role.AccountID != req.Account || !strings.HasPrefix(role.Resource, "role/") || !documentName.MatchString(p.Document) {
		return nil, fault.New(fault.Invalid, "document %.130q is no name of a runbook, or role %.200q no role of account %s", p.Document, p.Role, req.Account).
			WithHint(`give {"document": "AWS-DisableS3BucketPublicReadWrite", "role": "arn:aws:iam::%s:role/runbooks", …}`, req.Account)
	}
	if err := checkCase(p.Case); err != nil {
		return nil, err
	}
	if err := p.Parameters.check(); err != nil {
		return nil, err
	}
	if _, ok := p.Parameters[assumeRole]; ok {
		return nil, fault.New(fault.Invalid, "the parameters name %s", assumeRole).WithHint("give it as role")
	}
	if err := checkDocument(ctx, cfg, p.Document, types.DocumentTypeAutomation); err != nil {
		return nil, err
	}
	return []action.Resource{{
		Type: "AWS::SSM::Document", ARN: "arn:" + awscall.Partition(req.Region) + ":ssm:" + req.Region + ":" + req.Account + ":automation-definition/" + p.Document,
		Name: p.Document + " " + p.Case, Account: req.Account, Region: req.Region, Unknown: true,
	}}, nil
}

// readAutomation looks for the case's automation. One that failed is an error: it is not run again by itself.
func readAutomation(ctx context.Context, cfg aws.Config, r action.Resource) (outcome, error) {
	document, name, _ := strings.Cut(r.Name, " ")
	out, err := ssm.NewFromConfig(cfg).DescribeAutomationExecutions(ctx, &ssm.DescribeAutomationExecutionsInput{Filters: []types.AutomationExecutionFilter{
		{Key: types.AutomationExecutionFilterKeyDocumentNamePrefix, Values: []string{document}},
		{Key: types.AutomationExecutionFilterKeyTagKey, Values: []string{caseTag(name)}},
	}})
	if err != nil {
		return outcome{}, awscall.Fault(err, "ssm:DescribeAutomationExecutions", "see whether %s ran", document)
	}
	for _, run := range out.AutomationExecutionMetadataList {
		if aws.ToString(run.DocumentName) != document {
			continue
		}
		switch run.AutomationExecutionStatus {
		case types.AutomationExecutionStatusFailed, types.AutomationExecutionStatusTimedout, types.AutomationExecutionStatusCancelled,
			types.AutomationExecutionStatusRejected, types.AutomationExecutionStatusCompletedWithFailure:
			return outcome{}, fault.New(fault.Invalid, "%s failed: %s: %s", document, run.AutomationExecutionStatus, aws.ToString(run.FailureMessage)).
				WithHint("look at its steps: aws ssm get-automation-execution --automation-execution-id %s; to run it again, give another case", aws.ToString(run.AutomationExecutionId))
		case types.AutomationExecutionStatusCompletedWithSuccess:
			return outcome{Status: success}, nil
		}
		return outcome{Status: string(run.AutomationExecutionStatus)}, nil
	}
	return outcome{}, nil
}
