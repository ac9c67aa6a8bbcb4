package iam

import (
	"regexp"
	"slices"
	"strings"
	"sync"

	"riposte.dev/fault"
)

// Trust says who may assume riposte's role. Exactly one of Principals, Service and OIDC is set.
type Trust struct {
	Principals []string // ARNs of roles or users, or accounts of 12 digits
	ExternalID string   // with Principals only: what riposte must name
	Service    string   // where riposte runs: ec2, ecs, lambda, or eks for EKS Pod Identity
	Account    string   // with Service ecs: only tasks of this account; "" any
	OIDC       *OIDC
	Partition  string // default aws
}

// OIDC is a service account of an EKS cluster (IAM roles for service accounts,
// https://docs.aws.amazon.com/eks/latest/userguide/iam-roles-for-service-accounts.html).
type OIDC struct {
	Provider  string // ARN of the identity provider: arn:aws:iam::…:oidc-provider/oidc.eks…/id/…
	Namespace string
	Name      string // of the service account
}

var (
	anAccount  = regexp.MustCompile(`^\d{12}$`)
	aPrincipal = regexp.MustCompile(`^arn:aws[a-z-]*:iam::\d{12}:(root|(user|role)/.+)$`)
	anOIDC     = regexp.MustCompile(`^arn:aws[a-z-]*:iam::\d{12}:oidc-provider/(.+)$`)
	aKubeName  = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]*$`)
	// anyExternal is compiled at its first use: a bounded repetition makes a large program.
	anyExternal = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[\w+=,.@:/-]{2,1000}$`) })
)

// services are the principals under which AWS hands the role to a program that it runs.
var services = map[string]string{
	"ec2": "ec2.amazonaws.com", "ecs": "ecs-tasks.amazonaws.com", "lambda": "lambda.amazonaws.com", "eks": "pods.eks.amazonaws.com",
}

// Policy returns the trust policy. It fails with fault.Invalid.
func (t Trust) Policy() (Policy, error) {
	set := 0
	for _, is := range []bool{len(t.Principals) > 0, t.Service != "", t.OIDC != nil} {
		if is {
			set++
		}
	}
	if set != 1 {
		return Policy{}, fault.New(fault.Invalid, "a trust policy needs one of principals, service and OIDC provider").
			WithHint("name the role that riposte runs as, or where it runs: ec2, ecs, lambda, eks")
	}
	if t.ExternalID != "" && (len(t.Principals) == 0 || !anyExternal().MatchString(t.ExternalID)) {
		return Policy{}, fault.New(fault.Invalid, "the external id cannot be used here").
			WithHint("use it with principals only: 2 to 1,000 letters, digits and +=,.@:/-")
	}
	s := Statement{Sid: "RiposteAssumesThisRole", Effect: "Allow", Action: []string{"sts:AssumeRole"}}
	var err error
	switch {
	case t.OIDC != nil:
		err = t.OIDC.trust(&s)
	case t.Service != "":
		err = t.service(&s)
	default:
		err = t.principals(&s)
	}
	return Policy{Version: version, Statement: []Statement{s}}, err
}

func (t Trust) principals(s *Statement) error {
	var arns []string
	for _, p := range t.Principals {
		switch {
		case anAccount.MatchString(p):
			arns = append(arns, "arn:"+partition(t.Partition)+":iam::"+p+":root")
		case aPrincipal.MatchString(p):
			arns = append(arns, p)
		default:
			return fault.New(fault.Invalid, "%q is no principal", p).WithHint("write an account of 12 digits, or arn:aws:iam::ACCOUNT:role/NAME")
		}
	}
	s.Principal = map[string][]string{"AWS": sorted(arns)}
	if t.ExternalID != "" {
		s.Condition = Conditions{"StringEquals": {"sts:ExternalId": {t.ExternalID}}}
	}
	return nil
}

func (t Trust) service(s *Statement) error {
	principal, ok := services[t.Service]
	if !ok {
		return fault.New(fault.Invalid, "riposte doesn't know a service %q that assumes roles", t.Service).WithHint("write ec2, ecs, lambda or eks")
	}
	s.Principal = map[string][]string{"Service": {principal}}
	switch {
	case t.Service == "eks":
		// Pod Identity tags the session with cluster, namespace and service account.
		s.Action = append(s.Action, "sts:TagSession")
		slices.Sort(s.Action)
	case t.Service == "ecs" && t.Account != "":
		s.Condition = Conditions{"StringEquals": {"aws:SourceAccount": {t.Account}}}
	}
	return nil
}

func (o *OIDC) trust(s *Statement) error {
	m := anOIDC.FindStringSubmatch(o.Provider)
	if m == nil || !aKubeName.MatchString(o.Namespace) || !aKubeName.MatchString(o.Name) {
		return fault.New(fault.Invalid, "the OIDC trust needs the provider's ARN, a namespace and a service account").
			WithHint("find the ARN with `aws iam list-open-id-connect-providers`")
	}
	issuer := strings.TrimSuffix(m[1], "/")
	s.Principal = map[string][]string{"Federated": {o.Provider}}
	s.Action = []string{"sts:AssumeRoleWithWebIdentity"}
	s.Condition = Conditions{"StringEquals": {
		issuer + ":aud": {"sts.amazonaws.com"},
		issuer + ":sub": {"system:serviceaccount:" + o.Namespace + ":" + o.Name},
	}}
	return nil
}

func partition(p string) string {
	if p == "" {
		return "aws"
	}
	return p
}
