package app

import (
	"net/http"
	"strings"

	"github.com/google/uuid"

	"riposte.dev/asl"
	"riposte.dev/guard"
	"riposte.dev/playbook"
	"riposte.dev/stepfunctions"
	"riposte.dev/web"
)

// stepFunctions is Step Functions' API over the runtime.
func (a *App) stepFunctions() *stepfunctions.Handler {
	resources := Resources()
	return stepfunctions.New(stepfunctions.Options{
		Runtime: executions{a.store.Executions, a.runtime}, Machines: a.store.Machines, Since: a.started,
		Playbooks: func() map[string]*asl.Machine { return a.inForce.Load().playbooks },
		Mode:      func() guard.Mode { return a.inForce.Load().startMode() },
		Check:     func(m *asl.Machine) error { return playbook.Check(m, a.actions, resources) },
		Caller: func(r *http.Request) stepfunctions.Caller {
			caller := web.CallerOf(r)
			return stepfunctions.Caller{Name: caller.Name, Account: caller.Account, Region: caller.Region}
		},
		NewID: uuid.NewString, Now: a.opts.Now, Region: a.opts.Config.AWS.Region, Account: accountOf(a.opts.Config.AWS.Responder),
	})
}

// startMode is the mode in which people start executions by Step Functions' API: the boldest that the configuration allows for
// what no rule starts.
func (f *inForce) startMode() guard.Mode {
	mode, limit := f.mode(playbook.StepFunctionsRule, guard.Auto)
	if mode.Bolder(limit) {
		return limit
	}
	return mode
}

// accountOf is the account in an ARN; "" where there is none.
func accountOf(arn string) string {
	if parts := strings.Split(arn, ":"); len(parts) >= 6 && parts[4] != "*" {
		return parts[4]
	}
	return ""
}
