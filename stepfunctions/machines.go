package stepfunctions

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"unicode"

	"riposte.dev/asl"
	"riposte.dev/fault"
	"riposte.dev/playbook"
)

// Types of state machines. Executions of both are journaled and live as long as they take.
const (
	standard = "STANDARD"
	express  = "EXPRESS"
)

type tag struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// settings are what Step Functions can be told beside the definition, and riposte does in one way only.
type settings struct {
	Publish bool `json:"publish"`
	Logging struct {
		Level string `json:"level"`
	} `json:"loggingConfiguration"`
	Tracing struct {
		Enabled bool `json:"enabled"`
	} `json:"tracingConfiguration"`
	Encryption struct {
		Type string `json:"type"`
	} `json:"encryptionConfiguration"`
}

func (s settings) check() error {
	switch {
	case s.Publish:
		return refuse("ValidationException", "riposte publishes no versions: each execution keeps the definition that it was started with; leave publish out")
	case s.Logging.Level != "" && s.Logging.Level != "OFF":
		return refuse("InvalidLoggingConfiguration", "riposte keeps the whole history of each execution itself; leave loggingConfiguration out")
	case s.Tracing.Enabled:
		return refuse("InvalidTracingConfiguration", "riposte traces nothing to X-Ray; leave tracingConfiguration out")
	case s.Encryption.Type != "" && s.Encryption.Type != "AWS_OWNED_KEY":
		return refuse("InvalidEncryptionConfiguration", "riposte encrypts with no key of yours; leave encryptionConfiguration out")
	}
	return nil
}

type createInput struct {
	Name       string `json:"name"`
	Definition string `json:"definition"`
	RoleARN    string `json:"roleArn"`
	Type       string `json:"type"`
	Tags       []tag  `json:"tags"`
	settings
}

type createOutput struct {
	StateMachineARN string  `json:"stateMachineArn"`
	CreationDate    float64 `json:"creationDate"`
}

func (h *Handler) createStateMachine(ctx context.Context, c Caller, in createInput) (any, error) {
	in.Type = cmp.Or(in.Type, standard)
	err := check(member{"name", in.Name, true, 80}, member{"definition", in.Definition, true, asl.MaxDefinition}, member{"roleArn", in.RoleARN, true, maxARN})
	if err == nil {
		err = checkName(in.Name)
	}
	if err == nil {
		err = checkRole(in.RoleARN)
	}
	if err == nil {
		err = in.settings.check()
	}
	if err == nil && in.Type != standard && in.Type != express {
		err = refuse("StateMachineTypeNotSupported", "there is no type '%s': use %s or %s", in.Type, standard, express)
	}
	if err != nil {
		return nil, err
	}
	machine, err := h.read(in.Definition)
	if err != nil {
		return nil, err
	}
	if _, taken := h.Playbooks()[in.Name]; taken {
		return nil, refuse("StateMachineAlreadyExists", "State Machine Already Exists: '%s' is a playbook of riposte's configuration", h.machineARN(in.Name))
	}
	x := playbook.StateMachine{Name: in.Name, Type: in.Type, Role: in.RoleARN, Definition: in.Definition, Hash: machine.Hash(),
		Revision: revision(in.Definition, in.RoleARN), Tags: map[string]string{}}
	for _, t := range in.Tags {
		x.Tags[t.Key] = t.Value
	}
	if len(x.Tags) > 50 {
		return nil, refuse("TooManyTags", "a state machine has at most 50 tags")
	}
	made, err := h.Machines.Create(ctx, x, c.Name)
	if fault.CodeOf(err) == fault.Conflict {
		made, err = h.Machines.Get(ctx, x.Name)
		if err == nil && (made.Definition != x.Definition || made.Type != x.Type) {
			err = refuse("StateMachineAlreadyExists", "State Machine Already Exists: '%s', with another definition or type", h.machineARN(x.Name))
		}
	}
	if err != nil {
		return nil, err
	}
	return createOutput{h.machineARN(made.Name), seconds(made.Created)}, nil
}

// checkName holds names to the characters that Step Functions allows.
func checkName(name string) error {
	bad := func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r) || strings.ContainsRune("<>{}[]?*\"#%\\^|~`$&,;:/", r)
	}
	if len([]rune(name)) > 80 || strings.ContainsFunc(name, bad) {
		return refuse("InvalidName", "Invalid Name: '%s' has more than 80 characters, spaces, or one of < > { } [ ] ? * \" # %% \\ ^ | ~ ` $ & , ; : /", name)
	}
	return nil
}

func checkRole(arn string) error {
	if parts := strings.Split(arn, ":"); len(parts) < 6 || parts[0] != "arn" || parts[2] != "iam" || !strings.HasPrefix(parts[5], "role/") {
		return refuse("InvalidArn", "Invalid Role Arn: '%s' is not that of a role; riposte shows it and acts as itself", arn)
	}
	return nil
}

// revision identifies what an update can change.
func revision(definition, role string) string {
	sum := sha256.Sum256([]byte(role + "\n" + definition))
	return hex.EncodeToString(sum[:])
}

type updateInput struct {
	ARN        string `json:"stateMachineArn"`
	Definition string `json:"definition"`
	RoleARN    string `json:"roleArn"`
	settings
}

type updateOutput struct {
	UpdateDate float64 `json:"updateDate"`
	RevisionID string  `json:"revisionId"`
}

func (h *Handler) updateStateMachine(ctx context.Context, c Caller, in updateInput) (any, error) {
	x, err := h.changeable(ctx, in.ARN)
	if err == nil {
		err = check(member{"definition", in.Definition, false, asl.MaxDefinition}, member{"roleArn", in.RoleARN, false, maxARN})
	}
	if err == nil {
		err = in.settings.check()
	}
	if err == nil && in.Definition == "" && in.RoleARN == "" {
		err = refuse("MissingRequiredParameter", "Either the definition, the role ARN, or both must be given")
	}
	if err == nil && in.RoleARN != "" {
		err = checkRole(in.RoleARN)
		x.Role = in.RoleARN
	}
	if err == nil && in.Definition != "" {
		var machine *asl.Machine
		if machine, err = h.read(in.Definition); err == nil {
			x.Definition, x.Hash = in.Definition, machine.Hash()
		}
	}
	if err != nil {
		return nil, err
	}
	x.Revision = revision(x.Definition, x.Role)
	x, err = h.Machines.Update(ctx, x, c.Name)
	if err != nil {
		return nil, named(err, fault.NotFound, "StateMachineDoesNotExist")
	}
	return updateOutput{seconds(x.Updated), x.Revision}, nil
}

// changeable is a state machine that the API may change.
func (h *Handler) changeable(ctx context.Context, arn string) (playbook.StateMachine, error) {
	name, err := h.machineName(arn)
	if err != nil {
		return playbook.StateMachine{}, err
	}
	if _, ours := h.Playbooks()[name]; ours {
		return playbook.StateMachine{}, refuse("ValidationException", "'%s' is a playbook of riposte's configuration: change its file", arn)
	}
	x, err := h.Machines.Get(ctx, name)
	return x, named(err, fault.NotFound, "StateMachineDoesNotExist")
}

type machineInput struct {
	ARN string `json:"stateMachineArn"`
}

// deleteStateMachine lets no more executions start; those that are under way go on, as they were started. As in AWS, deleting
// what is not there is fine.
func (h *Handler) deleteStateMachine(ctx context.Context, c Caller, in machineInput) (any, error) {
	x, err := h.changeable(ctx, in.ARN)
	if err == nil {
		err = named(h.Machines.Delete(ctx, x.Name, c.Name), fault.NotFound, "StateMachineDoesNotExist")
	}
	if err != nil && asAPIError(err).code != "StateMachineDoesNotExist" {
		return nil, err
	}
	return struct{}{}, nil
}
