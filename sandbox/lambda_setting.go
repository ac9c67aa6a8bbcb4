package sandbox

import (
	"slices"

	"riposte.dev/sandbox/wire"
)

func getFunctionConfiguration(c *call) (wire.Object, error) {
	f, err := c.function()
	if err != nil {
		return nil, err
	}
	return f.describe(), nil
}

func removeFunctionPermission(c *call) (wire.Object, error) {
	f, err := c.function()
	if err != nil {
		return nil, err
	}
	sid := c.in.str("StatementId")
	i := slices.IndexFunc(f.statements, func(s permissionStatement) bool { return s.Sid == sid })
	if i < 0 {
		return nil, wire.Errorf("ResourceNotFoundException", "Statement %s is not found in resource policy.", sid)
	}
	f.statements, f.revision = slices.Delete(slices.Clone(f.statements), i, i+1), c.sb.newUUID()
	return nil, nil
}

// maxReserved is how many executions a new account can reserve: of 1,000, 100
// must stay for all other functions
// (https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html).
const maxReserved = 900

func putFunctionConcurrency(c *call) (wire.Object, error) {
	f, err := c.function()
	if err != nil {
		return nil, err
	}
	n := c.in.number("ReservedConcurrentExecutions", 0)
	if n > maxReserved {
		return nil, invalidFunction("Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [100].")
	}
	f.reserved = &n
	return f.concurrency(), nil
}

func getFunctionConcurrency(c *call) (wire.Object, error) {
	f, err := c.function()
	if err != nil {
		return nil, err
	}
	return f.concurrency(), nil
}

func deleteFunctionConcurrency(c *call) (wire.Object, error) {
	f, err := c.function()
	if err == nil {
		f.reserved = nil
	}
	return nil, err
}

func (f *function) concurrency() wire.Object {
	if f.reserved == nil {
		return wire.Object{}
	}
	return wire.Object{"ReservedConcurrentExecutions": int64(*f.reserved)}
}

// listFunctionTags names the function by its ARN in Resource.
func listFunctionTags(c *call) (wire.Object, error) {
	f := c.sb.functionAt(c.in.str("Resource"))
	if f == nil {
		return nil, wire.Errorf("ResourceNotFoundException", "The resource you requested does not exist.")
	}
	return wire.Object{"Tags": f.tags}, nil
}
