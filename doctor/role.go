package doctor

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsiam "github.com/aws/aws-sdk-go-v2/service/iam"

	"riposte.dev/fault"
	"riposte.dev/iam"
)

// Role is a role that riposte has in an account, and what it must be allowed there.
type Role struct {
	Account   string // 12 digits; "": the one of the credentials
	Principal string // ARN of the role or user; "": who the credentials are
	Needs     []iam.Need
	AWS       func(ctx context.Context, region string) (aws.Config, error) // reaches the account as the role
}

// RoleReport is what a role has, compared with what it needs.
type RoleReport struct {
	Account string `json:"account"`
	Role    string `json:"role"`
	// Status is Fail where something is missing or the role can't be had, Warn where it has more than it needs, Unknown where IAM
	// did not tell.
	Status  Status `json:"status"`
	Problem string `json:"problem,omitempty"` // why it is not known
	Next    string `json:"next,omitempty"`
	Asked   int    `json:"asked"` // permissions on resources that are needed and were simulated
	// Missing are needed and not allowed, Excess dangerous, allowed and not needed.
	Missing []Permission `json:"missing"`
	Excess  []Permission `json:"excess"`
	// Unsimulated is what a simulation of the role doesn't tell: policies of the resources of these services, which may let in or keep
	// out by themselves.
	Unsimulated []string `json:"unsimulated"`
}

// Permission is an IAM action on a resource.
type Permission struct {
	Action   string `json:"action"`
	Resource string `json:"resource"` // as the policy writes it, with wildcards
	Because  string `json:"because"`
}

// CheckRole has IAM simulate what the role needs, and what it should not have. It changes nothing.
func CheckRole(ctx context.Context, r Role) RoleReport {
	report := RoleReport{Account: r.Account, Role: r.Principal, Status: OK, Missing: []Permission{}, Excess: []Permission{}, Unsimulated: iam.Policied(r.Needs)}
	d := &doctor{Options{AWS: func(ctx context.Context, _, region string) (aws.Config, error) { return r.AWS(ctx, region) }}}
	who, cfg, err := d.simulated(ctx) // also where the role is known: it must be there to be had
	if err != nil {
		report.failed(Fail, err)
		return report
	}
	if report.Role == "" {
		report.Role = who
	}
	if report.Account == "" {
		report.Account = part(report.Role, 4)
	}
	if err := report.simulate(ctx, awsiam.NewFromConfig(cfg), r.Needs, cfg.Region); err != nil {
		report.failed(Unknown, err)
		return report
	}
	switch {
	case len(report.Missing) > 0:
		report.Status = Fail
	case len(report.Excess) > 0:
		report.Status = Warn
	}
	if report.Status != OK {
		report.Next = "riposte iam policy responder --account " + report.Account
	}
	return report
}

func (report *RoleReport) failed(status Status, err error) {
	report.Status, report.Problem, report.Next = status, fault.Message(err), fault.Hint(err)
}

func (report *RoleReport) simulate(ctx context.Context, client *awsiam.Client, needs []iam.Need, region string) error {
	if strings.HasSuffix(report.Role, ":root") {
		return fault.New(fault.Invalid, "IAM does not simulate the root user, which may do everything").WithHint("riposte iam policy trust")
	}
	if err := report.look(ctx, client, needs, region); err != nil {
		return err
	}
	return report.overdone(ctx, client, needs, region)
}

// part is the nth part of an ARN.
func part(arn string, n int) string {
	if parts := strings.SplitN(arn, ":", 6); len(parts) == 6 {
		return parts[n]
	}
	return ""
}

// look asks for everything that is needed.
func (report *RoleReport) look(ctx context.Context, client *awsiam.Client, needs []iam.Need, region string) error {
	for _, s := range iam.Merge(needs).Statement {
		answers, err := ask(ctx, client, report.Role, s, region)
		if err != nil {
			return err
		}
		report.Asked += len(answers)
		for _, a := range answers {
			if !a.allowed {
				report.Missing = append(report.Missing, Permission{a.action, a.resource, a.because})
			}
		}
	}
	slices.SortFunc(report.Missing, byName)
	return nil
}

// overdone asks for what is dangerous and no need has. Probes of the same resources are asked together.
func (report *RoleReport) overdone(ctx context.Context, client *awsiam.Client, needs []iam.Need, region string) error {
	together := map[string]*iam.Statement{}
	needed := map[string][]iam.Statement{}
	for _, p := range iam.Probes(needs, part(report.Role, 1), report.Account) {
		key := strings.Join(p.Resources, " ")
		if together[key] == nil {
			together[key] = &iam.Statement{Resource: p.Resources}
		}
		together[key].Action = append(together[key].Action, p.Action)
		needed[p.Action] = p.Needed
	}
	for _, key := range slices.Sorted(maps.Keys(together)) {
		answers, err := ask(ctx, client, report.Role, *together[key], region)
		if err != nil {
			return err
		}
		for _, a := range answers {
			if a.allowed {
				report.Excess = append(report.Excess, Permission{a.action, a.resource, narrower(needed[a.action])})
			}
		}
	}
	slices.SortFunc(report.Excess, byName)
	report.Excess = slices.CompactFunc(report.Excess, func(a, b Permission) bool { return a.Action == b.Action }) // "*" comes first
	return nil
}

func byName(a, b Permission) int {
	return strings.Compare(a.Action+" "+a.Resource, b.Action+" "+b.Resource)
}

// narrower says how much of a permission is needed.
func narrower(needed []iam.Statement) string {
	if len(needed) == 0 {
		return "not needed"
	}
	var on []string
	for _, s := range needed {
		text := strings.Join(s.Resource, ", ")
		for _, operator := range slices.Sorted(maps.Keys(s.Condition)) {
			for _, key := range slices.Sorted(maps.Keys(s.Condition[operator])) {
				text += fmt.Sprintf(" where %s is %s", key, strings.Join(s.Condition[operator][key], " or "))
			}
		}
		on = append(on, text)
	}
	return "needed only on " + strings.Join(on, "; ")
}
