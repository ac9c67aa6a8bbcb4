package lambda

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
	"riposte.dev/fault"
)

// grants is what a function's policy allows everybody.
type grants struct {
	Public []statement `json:"public_statements"` // sorted by id

	odd string // the first public statement that AddPermission could not write again
}

// statement is a statement of a function's policy that everybody is meant by.
type statement struct {
	ID      string `json:"id"`
	Action  string `json:"action"`
	URLAuth string `json:"function_url_auth_type,omitempty"`   // that requests to the function's URL must have
	ByURL   bool   `json:"invoked_via_function_url,omitempty"` // and not otherwise
}

// NewRemovePublicStatements returns the action lambda.remove-public-statements.
func NewRemovePublicStatements(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[functionParams, grants]{
		Spec: action.Spec{
			Name:  "lambda.remove-public-statements",
			Title: "Let not everybody invoke a function",
			Description: "Removes from a function's policy the statements that allow everybody something, without a source, an account or an " +
				"organisation as their condition; a URL of the function that asks nobody who they are is closed by that. All else stays. " +
				"Policies of its versions and aliases are not looked at.",
			Parameters:  json.RawMessage(functionSchema),
			Permissions: append([]string{"lambda:GetPolicy", "lambda:RemovePermission", "lambda:AddPermission"}, findPermissions...),
			Effect:      action.StateChecked,
		},
		Find: findFunction, Read: readGrants,
		Want: func(_ action.Resource, _ functionParams, now grants) (grants, string, error) {
			if now.odd != "" {
				return now, "", setting.Escalation("Its statement " + now.odd + " is for everybody under a condition that riposte could not restore: look at it.")
			}
			var names []string
			for _, s := range now.Public {
				names = append(names, fmt.Sprintf("%s (%s)", s.ID, s.Action))
			}
			if len(names) == 0 {
				return now, "No statement of its policy is for everybody.", nil
			}
			return grants{Public: []statement{}}, "Its policy lets everybody in by " + strings.Join(names, ", ") + ".", nil
		},
		Steps: grantSteps,
		Operations: map[string]setting.Operation{
			"RemovePermission": setting.Op(lambda.NewFromConfig, (*lambda.Client).RemovePermission),
			"AddPermission":    setting.Op(lambda.NewFromConfig, (*lambda.Client).AddPermission),
		},
	})
}

// grantSteps remove what is not to be there, one statement a call, and add what is missing.
func grantSteps(r action.Resource, from, to grants) ([]setting.Step[grants], error) {
	var steps []setting.Step[grants]
	now := slices.Clone(from.Public)
	step := func(operation string, input map[string]any) {
		input["FunctionName"] = r.ARN
		steps = append(steps, setting.Step[grants]{Operation: operation, Input: input, Leaves: grants{Public: slices.Clone(now)}})
	}
	for _, s := range from.Public {
		if !slices.Contains(to.Public, s) {
			now = slices.DeleteFunc(now, func(o statement) bool { return o == s })
			step("RemovePermission", map[string]any{"StatementId": s.ID})
		}
	}
	for _, s := range to.Public {
		if slices.Contains(from.Public, s) {
			continue
		}
		now = append(now, s)
		slices.SortFunc(now, statement.compare)
		input := map[string]any{"StatementId": s.ID, "Action": s.Action, "Principal": "*"}
		if s.URLAuth != "" {
			input["FunctionUrlAuthType"] = s.URLAuth
		}
		if s.ByURL {
			input["InvokedViaFunctionUrl"] = true
		}
		step("AddPermission", input)
	}
	return steps, nil
}

func (s statement) compare(o statement) int { return strings.Compare(s.ID, o.ID) }

func readGrants(ctx context.Context, cfg aws.Config, r action.Resource) (grants, error) {
	out, err := lambda.NewFromConfig(cfg).GetPolicy(ctx, &lambda.GetPolicyInput{FunctionName: &r.ARN})
	err = missing(err, "lambda:GetPolicy", r.Name)
	if err != nil && fault.CodeOf(err) == fault.NotFound {
		return grants{Public: []statement{}}, nil // a function without a policy
	}
	if err != nil {
		return grants{}, err
	}
	return parseGrants(aws.ToString(out.Policy))
}

// narrowing are the conditions, in small letters, under which a statement for everybody is not public.
var narrowing = []string{"aws:sourcearn", "aws:sourceaccount", "aws:principalorgid"}

// urlAuth is the condition on how the function's URL knows its callers: NONE is everybody. byURL is that on requests that come by
// it, which is no narrower: new URLs need a statement with either, by which the URL is invoked and by which the function is
// (https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html).
const (
	urlAuth = "lambda:functionurlauthtype"
	byURL   = "lambda:invokedviafunctionurl"
)

func parseGrants(policy string) (grants, error) {
	now := grants{Public: []statement{}}
	var doc struct {
		Statement []struct {
			Sid, Effect string
			Principal   json.RawMessage
			Action      string
			Condition   map[string]map[string]any
		}
	}
	if err := json.Unmarshal([]byte(policy), &doc); err != nil {
		return now, fault.New(fault.Invalid, "the policy of the function cannot be read: %w", err)
	}
	for _, s := range doc.Statement {
		if s.Effect != "Allow" || !everybody(s.Principal) {
			continue
		}
		public, odd, found := true, false, statement{ID: s.Sid, Action: s.Action}
		for _, keys := range s.Condition {
			for key, value := range keys {
				switch key = strings.ToLower(key); {
				case slices.Contains(narrowing, key), key == urlAuth && value == "AWS_IAM":
					public = false
				case key == urlAuth:
					found.URLAuth = fmt.Sprint(value)
				case key == byURL && fmt.Sprint(value) == "true":
					found.ByURL = true
				default:
					odd = true
				}
			}
		}
		switch {
		case public && odd && now.odd == "":
			now.odd = s.Sid
		case public:
			now.Public = append(now.Public, found)
		}
	}
	slices.SortFunc(now.Public, statement.compare)
	return now, nil
}

// everybody reports whether a principal is "*" or {"AWS": "*"}.
func everybody(principal json.RawMessage) bool {
	var kinds struct{ AWS any }
	return string(principal) == `"*"` || json.Unmarshal(principal, &kinds) == nil && kinds.AWS == "*"
}
