package doctor

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"riposte.dev/action/awscall"
	"riposte.dev/fault"
)

// Skews of the clock. AWS refuses signatures that are more than five minutes off
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html).
const (
	skewWarn = time.Minute
	skewFail = 5 * time.Minute
)

// whoAmI asks STS, and for the time of its answer.
func (d *doctor) whoAmI(ctx context.Context) (arn string, at time.Time, err error) {
	cfg, err := d.AWS(ctx, "", "")
	if err != nil {
		return "", time.Time{}, err
	}
	out, err := sts.NewFromConfig(cfg).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return "", time.Time{}, awscall.Fault(err, "sts:GetCallerIdentity", "ask STS who we are")
	}
	at, _ = awsmiddleware.GetServerTime(out.ResultMetadata)
	return aws.ToString(out.Arn), at, nil
}

func (d *doctor) identity(ctx context.Context) []Result {
	arn, at, err := d.whoAmI(ctx)
	if err != nil {
		return []Result{
			{Status: Fail, Summary: "AWS does not take the credentials.", Detail: fault.Message(err), Next: "aws sts get-caller-identity"},
			{Status: Unknown, Summary: "AWS did not tell its time.", Next: "timedatectl status"},
		}
	}
	who := Result{Status: OK, Summary: fmt.Sprintf("riposte is %s.", arn)}
	switch {
	case strings.HasSuffix(arn, ":root"):
		who.Status, who.Next = Warn, "riposte iam policy trust"
		who.Detail = "These are keys of the root user: no policy limits them. Make a role and delete the keys."
	case strings.Contains(arn, ":user/"):
		who.Status, who.Next = Warn, "riposte iam policy trust"
		who.Detail = "A user's keys never expire. A role that EC2, ECS, EKS or IAM Identity Center hands out is safer."
	}
	return []Result{who, d.clock(at)}
}

func (d *doctor) clock(at time.Time) Result {
	if at.IsZero() {
		return Result{Status: Unknown, Summary: "AWS did not tell its time.", Next: "timedatectl status"}
	}
	skew := d.Now().Sub(at).Abs().Truncate(time.Second)
	r := Result{Status: OK, Summary: "This host's clock agrees with AWS's."}
	if skew > skewWarn {
		r = Result{Status: Warn, Summary: fmt.Sprintf("This host's clock is %s off AWS's.", skew), Next: "timedatectl set-ntp true"}
	}
	if skew > skewFail {
		r.Status, r.Detail = Fail, "AWS refuses signatures that are more than five minutes off."
	}
	return r
}

func (d *doctor) regions(ctx context.Context) []Result {
	regions, err := d.Regions(ctx)
	if err != nil {
		return one(Result{Status: Unknown, Summary: "The enabled regions are not known.", Detail: fault.Message(err), Next: fault.Hint(err)})
	}
	if len(regions) == 0 {
		return one(Result{Status: Fail, Summary: "No configured region is enabled.", Next: "aws account list-regions"})
	}
	return one(Result{Status: OK, Summary: fmt.Sprintf("%d regions are enabled and looked at.", len(regions)), Detail: strings.Join(regions, " ")})
}

func (d *doctor) accounts(context.Context) []Result {
	if d.Accounts == nil {
		return one(Result{Status: OK, Summary: "No other account is configured."})
	}
	var n notes
	all := d.Accounts()
	for _, a := range all {
		if a.Problem != "" {
			n.add(Fail, a.Hint, "%s %s: %s", a.ID, a.Name, a.Problem)
		}
	}
	return one(n.result(fmt.Sprintf("%d accounts can be reached.", len(all)), fmt.Sprintf("%d of %d accounts cannot be reached.", len(n.lines), len(all))))
}
