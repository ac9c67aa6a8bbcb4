package cloudtrail

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/fault"
)

// params of cloudtrail.start-logging, as spec.Parameters describes them.
type params struct {
	Trail string `json:"trail"`
	All   bool   `json:"all"`
}

func parseParams(req action.Request) (params, error) {
	var p params
	if err := req.Check(); err != nil {
		return p, err
	}
	if err := action.DecodeParams(req.Params, &p); err != nil {
		return p, err
	}
	if (p.Trail != "") == p.All {
		return p, fault.New(fault.Invalid, "either trail or all is needed").
			WithHint(`give {"trail": "<name or ARN>"} or {"all": true}`)
	}
	return p, checkTrail(p.Trail)
}

// checkTrail refuses what can be neither the name of a trail nor an ARN; "" passes.
func checkTrail(name string) error {
	if n := len(name); name != "" && (n < 3 || n > 2048) {
		return fault.New(fault.Invalid, "trail %.100q is neither the name of a trail (3 to 128 characters) nor an ARN", name)
	}
	return nil
}

// trail is where a trail lives.
type trail struct {
	ARN    string
	Name   string
	Owner  string // account
	Region string // home region
}

// parseTrail reads a trail's ARN, arn:aws:cloudtrail:region:account:trail/name.
func parseTrail(s string) (trail, error) {
	parsed, err := arn.Parse(s)
	name, isTrail := strings.CutPrefix(parsed.Resource, "trail/")
	if err != nil || parsed.Service != "cloudtrail" || parsed.Region == "" || !isTrail || name == "" {
		return trail{}, fault.New(fault.Invalid, "%.200q is not the ARN of a trail", s).
			WithHint("it looks like arn:aws:cloudtrail:eu-west-1:111122223333:trail/name")
	}
	return trail{ARN: s, Name: name, Owner: parsed.AccountID, Region: parsed.Region}, nil
}

// find returns the trails that the parameters name, each once, sorted by ARN. An ARN says where its trail lives, so nothing
// need be asked; a name is looked up among what the region shows, its own trails and the shadows of those of other regions
// and of the organisation.
func (a *StartLogging) find(ctx context.Context, req action.Request, p params) ([]trail, error) {
	if strings.HasPrefix(p.Trail, "arn:") {
		t, err := parseTrail(p.Trail)
		return []trail{t}, err
	}
	trails, err := a.describe(ctx, req)
	if err != nil {
		return nil, err
	}
	if p.All {
		return trails, nil
	}
	trails = slices.DeleteFunc(trails, func(t trail) bool { return t.Name != p.Trail })
	if home := slices.IndexFunc(trails, func(t trail) bool { return t.Region == req.Region && t.Owner == req.Account }); home >= 0 {
		return trails[home : home+1], nil // a shadow may have the same name
	}
	switch len(trails) {
	case 0:
		return nil, notFound(p.Trail, req.Account, req.Region)
	case 1:
		return trails, nil
	default:
		return nil, fault.New(fault.Invalid, "%s shows several trails named %s: %s and %s", req.Region, p.Trail, trails[0].ARN, trails[1].ARN).
			WithHint("give the ARN of the one that is meant")
	}
}

func notFound(name, account, region string) *fault.Error {
	return fault.New(fault.NotFound, "account %s has no trail %s in %s", account, name, region).
		WithHint("if it was deleted, create it again; the event history names who called DeleteTrail")
}

// describe returns the trails that the region shows; DescribeTrails has no pages.
func (a *StartLogging) describe(ctx context.Context, req action.Request) ([]trail, error) {
	client, err := a.client(ctx, req.Account, req.Region)
	if err != nil {
		return nil, err
	}
	out, err := client.DescribeTrails(ctx, &cloudtrail.DescribeTrailsInput{IncludeShadowTrails: aws.Bool(true)})
	if err != nil {
		return nil, awscall.Fault(err, "cloudtrail:DescribeTrails", "list the trails of account %s in %s", req.Account, req.Region)
	}
	var trails []trail
	for _, found := range out.TrailList {
		t, err := parseTrail(aws.ToString(found.TrailARN))
		if err != nil {
			return nil, err
		}
		t.Name = cmp.Or(aws.ToString(found.Name), t.Name)
		t.Region = cmp.Or(aws.ToString(found.HomeRegion), t.Region)
		trails = append(trails, t)
	}
	slices.SortFunc(trails, func(a, b trail) int { return cmp.Compare(a.ARN, b.ARN) })
	return slices.CompactFunc(trails, func(a, b trail) bool { return a.ARN == b.ARN }), nil
}

// status is a trail's state with what people want to know of it.
type status struct {
	state
	stopped time.Time // zero where AWS doesn't say
}

// status asks the trail's home region, by ARN: by name it would be another trail there, or none.
func (a *StartLogging) status(ctx context.Context, account, region, arn string) (status, error) {
	client, err := a.client(ctx, account, region)
	if err != nil {
		return status{}, err
	}
	out, err := client.GetTrailStatus(ctx, &cloudtrail.GetTrailStatusInput{Name: aws.String(arn)})
	if err != nil {
		return status{}, awscall.Fault(err, "cloudtrail:GetTrailStatus", "read the status of %s", arn)
	}
	return status{state{aws.ToBool(out.IsLogging)}, aws.ToTime(out.StopLoggingTime)}, nil
}
