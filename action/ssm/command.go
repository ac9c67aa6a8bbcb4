package ssm

import (
	"context"
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
	"riposte.dev/fault"
)

// outcome is what became of a command or automation for a case, as Systems Manager names its states; "" before it was sent.
type outcome struct {
	Status string `json:"status"`

	offline string     // why nothing can be sent
	params  parameters // of what is sent
}

const success = "Success"

// parameters are those of a document, by name.
type parameters map[string][]string

// Bounds of parameters: what people can look over, and what Automation takes of one value.
const (
	maxParameters = 50
	maxValues     = 50
	maxValue      = 512
)

const parametersSchema = `"parameters": {"type": "object", "maxProperties": 50, "additionalProperties": {"type": "array", "maxItems": 50, "items": {"type": "string", "maxLength": 512}},
    "description": "parameters of the document; each is a list of texts"}`

func (p parameters) check() error {
	for name, values := range p {
		if len(values) > maxValues || slices.ContainsFunc(values, func(v string) bool { return len(v) > maxValue }) {
			return fault.New(fault.Invalid, "parameter %.60q has more than %d values, or one of more than %d bytes", name, maxValues, maxValue).
				WithHint("put what is long into the document, or where the document fetches it")
		}
	}
	if len(p) > maxParameters {
		return fault.New(fault.Invalid, "%d parameters are more than %d", len(p), maxParameters).WithHint("put what never changes into the document")
	}
	return nil
}

// caseName is what a command or automation is for. It is sent with it, so that the same is not run twice for one case.
var (
	caseName     = regexp.MustCompile(`^[A-Za-z0-9._:/@+-]{1,80}$`)
	documentName = regexp.MustCompile(`^[A-Za-z0-9_.-]{3,128}$`)
)

const caseSchema = `"case": {"type": "string", "pattern": "^[A-Za-z0-9._:/@+-]{1,80}$", "description": "what it is for, such as the id of a finding or event: it is run once for a case"}`

func checkCase(name string) error {
	if caseName.MatchString(name) {
		return nil
	}
	return fault.New(fault.Invalid, "case %.100q is no name for a case", name).WithHint("give the id of the finding or event, of up to 80 characters")
}

type commandParams struct {
	Instance   string     `json:"instance_id"`
	Document   string     `json:"document"`
	Case       string     `json:"case"`
	Parameters parameters `json:"parameters,omitempty"`
}

func (p commandParams) command() commandParams { return p }

// takes is for how many seconds it is waited until what runs has succeeded, where the task has that time.
const takes = 3600

const runIrreversible = "what ran on the instance has run"

var commandPermissions = []string{"ec2:DescribeInstances", "ssm:DescribeDocument", "ssm:DescribeInstanceInformation", "ssm:ListCommandInvocations", "ssm:SendCommand"}

const instanceSchema = `"instance_id": {"type": "string", "pattern": "^i-([0-9a-f]{8}|[0-9a-f]{17})$", "description": "id of the instance, which Systems Manager's agent must run on"}`

// NewRunDocument returns the action ssm.run-document.
func NewRunDocument(caller *awscall.Caller) action.Action {
	return newCommand[commandParams](caller, action.Spec{
		Name:  "ssm.run-document",
		Title: "Run a document on an instance",
		Description: "Has Systems Manager run a command document of the account or of AWS on an instance, once for a case, and waits until that has " +
			"succeeded, for an hour at most and no longer than the task may take. Whatever the document does is done with the rights of the agent, mostly root. Values of an event are what an intruder " +
			"may choose: never hand them to a document that runs them as a command; one of your own with an `allowedPattern` is safe.",
		Parameters: json.RawMessage(`{"type": "object", "additionalProperties": false, "required": ["instance_id", "document", "case"], "properties": {` + instanceSchema + `,
  "document": {"type": "string", "pattern": "^[A-Za-z0-9_.-]{3,128}$", "description": "name of the document"},
  ` + caseSchema + `,
  ` + parametersSchema + `}}`),
		Permissions: commandPermissions,
		Outside:     true,
	})
}

// patchDocument is AWS's document that looks for patches and installs them
// (https://docs.aws.amazon.com/systems-manager/latest/userguide/patch-manager-aws-runpatchbaseline.html).
const patchDocument = "AWS-RunPatchBaseline"

type patchParams struct {
	Instance  string `json:"instance_id"`
	Case      string `json:"case"`
	Operation string `json:"operation,omitempty"`
	Reboot    string `json:"reboot,omitempty"`
}

func (p patchParams) command() commandParams {
	if p.Operation == "" {
		p.Operation = "Install"
	}
	if p.Reboot == "" {
		p.Reboot = "NoReboot"
	}
	return commandParams{p.Instance, patchDocument, p.Case, parameters{"Operation": {p.Operation}, "RebootOption": {p.Reboot}}}
}

// NewPatchInstance returns the action ssm.patch-instance.
func NewPatchInstance(caller *awscall.Caller) action.Action {
	return newCommand[patchParams](caller, action.Spec{
		Name:  "ssm.patch-instance",
		Title: "Patch an instance",
		Description: "Has Systems Manager install the patches that an instance misses by its patch baseline, once for a case, and waits until that " +
			"has succeeded. Some patches take effect only when the instance is started again, which is not done unless asked for.",
		Parameters: json.RawMessage(`{"type": "object", "additionalProperties": false, "required": ["instance_id", "case"], "properties": {` + instanceSchema + `,
  ` + caseSchema + `,
  "operation": {"enum": ["Install", "Scan"], "description": "Scan only looks which patches are missing; without this, Install"},
  "reboot": {"enum": ["NoReboot", "RebootIfNeeded"], "description": "whether the instance is started again where a patch wants that; without this, NoReboot"}}}`),
		Permissions: commandPermissions,
		Within: map[string]action.Limit{
			"ssm:SendCommand": {Resources: []string{"arn:P:ssm:*::document/" + patchDocument, "arn:P:ec2:*:A:instance/*"}},
		},
	})
}

// newCommand returns an action that sends a command to an instance.
func newCommand[P interface{ command() commandParams }](caller *awscall.Caller, spec action.Spec) action.Action {
	spec.Effect, spec.Evidence, spec.Irreversible, spec.TakesSeconds = action.StateChecked, action.EventEvidence, runIrreversible, takes
	return setting.New(caller, setting.Setting[P, outcome]{
		Spec: spec,
		Find: func(ctx context.Context, cfg aws.Config, req action.Request, params P) ([]action.Resource, error) {
			p := params.command()
			if !documentName.MatchString(p.Document) {
				return nil, fault.New(fault.Invalid, "document %.130q is missing or no such name", p.Document).WithHint("give a document's name")
			}
			if err := checkCase(p.Case); err != nil {
				return nil, err
			}
			if err := p.Parameters.check(); err != nil {
				return nil, err
			}
			found, err := findInstance(ctx, cfg, req, p)
			if err == nil {
				err = checkDocument(ctx, cfg, p.Document, types.DocumentTypeCommand)
			}
			return found, err
		},
		Read: readCommand,
		Want: func(_ action.Resource, params P, now outcome) (outcome, string, error) {
			p := params.command()
			switch {
			case now.Status == success:
				return now, p.Document + " has run on it for this case.", nil
			case now.Status != "":
				return now, "", setting.Escalation(p.Document + " is under way on it for this case (" + now.Status + ").")
			case now.offline != "":
				return now, "", setting.Escalation(now.offline)
			}
			return outcome{Status: success, params: p.Parameters}, p.Document + " has not run on it for this case.", nil
		},
		Steps: func(r action.Resource, _, to outcome) ([]setting.Step[outcome], error) {
			of := cutCommand(r)
			input := map[string]any{"DocumentName": of.Document, "InstanceIds": []string{of.Instance}, "Comment": comment(of.Case)}
			if len(to.params) > 0 {
				input["Parameters"] = to.params
			}
			return []setting.Step[outcome]{{Operation: "SendCommand", Input: input, Leaves: to}}, nil
		},
		Operations: map[string]setting.Operation{"SendCommand": setting.Op(ssm.NewFromConfig, (*ssm.Client).SendCommand)},
	})
}

// checkDocument says whether there is such a document, and of the kind.
func checkDocument(ctx context.Context, cfg aws.Config, name string, kind types.DocumentType) error {
	out, err := ssm.NewFromConfig(cfg).DescribeDocument(ctx, &ssm.DescribeDocumentInput{Name: &name})
	if err != nil {
		return missing(err, "ssm:DescribeDocument", name)
	}
	if out.Document.DocumentType != kind {
		return fault.New(fault.Invalid, "%s is a document of the type %s, not %s", name, out.Document.DocumentType, kind).
			WithHint("command documents are run by `ssm.run-document`, runbooks by `ssm.start-automation`")
	}
	return nil
}

func comment(name string) string { return "riposte " + name }

// findInstance returns the instance; its name also says what is to run on it, and why.
func findInstance(ctx context.Context, cfg aws.Config, req action.Request, p commandParams) ([]action.Resource, error) {
	r, err := awscall.Instance(ctx, cfg, req, p.Instance)
	r.Name += " " + p.Document + " " + p.Case
	return []action.Resource{r}, err
}

// cutCommand reads what findInstance put into the name.
func cutCommand(r action.Resource) commandParams {
	instance, rest, _ := strings.Cut(r.Name, " ")
	document, name, _ := strings.Cut(rest, " ")
	return commandParams{Instance: instance, Document: document, Case: name}
}

// readCommand looks for the case's command. One that failed is an error: it is not run again by itself.
func readCommand(ctx context.Context, cfg aws.Config, r action.Resource) (outcome, error) {
	of, client := cutCommand(r), ssm.NewFromConfig(cfg)
	pages := ssm.NewListCommandInvocationsPaginator(client, &ssm.ListCommandInvocationsInput{
		InstanceId: &of.Instance, Filters: []types.CommandFilter{{Key: types.CommandFilterKeyDocumentName, Value: &of.Document}},
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return outcome{}, awscall.Fault(err, "ssm:ListCommandInvocations", "see what ran on %s", of.Instance)
		}
		for _, run := range page.CommandInvocations {
			if aws.ToString(run.Comment) != comment(of.Case) {
				continue
			}
			switch run.Status {
			case types.CommandInvocationStatusFailed, types.CommandInvocationStatusTimedOut, types.CommandInvocationStatusCancelled:
				return outcome{}, fault.New(fault.Invalid, "%s failed on %s: %s (%s)", of.Document, of.Instance, run.Status, aws.ToString(run.StatusDetails)).
					WithHint("look at its output: aws ssm get-command-invocation --command-id %s --instance-id %s; to run it again, give another case", aws.ToString(run.CommandId), of.Instance)
			}
			return outcome{Status: string(run.Status)}, nil
		}
	}
	offline, err := whyOffline(ctx, client, of.Instance)
	return outcome{offline: offline}, err
}

// whyOffline says why the agent on an instance can't be reached; "" where it can.
func whyOffline(ctx context.Context, client *ssm.Client, instance string) (string, error) {
	out, err := client.DescribeInstanceInformation(ctx, &ssm.DescribeInstanceInformationInput{
		Filters: []types.InstanceInformationStringFilter{{Key: aws.String("InstanceIds"), Values: []string{instance}}},
	})
	switch {
	case err != nil:
		return "", awscall.Fault(err, "ssm:DescribeInstanceInformation", "see whether Systems Manager reaches %s", instance)
	case len(out.InstanceInformationList) == 0:
		return "Systems Manager does not manage it: its agent must run, with a role that has the policy AmazonSSMManagedInstanceCore.", nil
	case out.InstanceInformationList[0].PingStatus != types.PingStatusOnline:
		return "Systems Manager does not reach its agent: start the instance, or see whether it reaches Systems Manager's endpoints.", nil
	}
	return "", nil
}
