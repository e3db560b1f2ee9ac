package local

import (
	"context"

	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// Command runs shell commands when it is created, updated and deleted.
type Command struct{}

// Run runs a command whenever the program asks, in a preview too.
type Run struct{}

// Create runs `create`.
func (*Command) Create(
	ctx context.Context, req infer.CreateRequest[Inputs],
) (infer.CreateResponse[State], error) {
	state := State{Inputs: req.Inputs}
	id, err := resource.NewUniqueHex(req.Name, 8, 0)
	if err == nil && !req.DryRun && req.Inputs.Create != nil {
		err = run(ctx, *req.Inputs.Create, state.Settings, &state.Result)
	}
	return infer.CreateResponse[State]{ID: id, Output: state}, err
}

// Update runs `update`, or `create` where there is none.
func (*Command) Update(
	ctx context.Context, req infer.UpdateRequest[Inputs, State],
) (infer.UpdateResponse[State], error) {
	state := State{Inputs: req.Inputs, Result: req.State.Result}
	command := req.Inputs.Update
	if command == nil {
		command = req.Inputs.Create
	}
	var err error
	if !req.DryRun && command != nil {
		err = run(ctx, *command, state.Settings, &state.Result)
	}
	return infer.UpdateResponse[State]{Output: state}, err
}

// Delete runs `delete`.
func (*Command) Delete(
	ctx context.Context, req infer.DeleteRequest[State],
) (infer.DeleteResponse, error) {
	var err error
	if req.State.Delete != nil {
		err = run(ctx, *req.State.Delete, req.State.Settings, &req.State.Result)
	}
	return infer.DeleteResponse{}, err
}

// Invoke runs the command.
func (*Run) Invoke(
	ctx context.Context, req infer.FunctionRequest[RunInputs],
) (infer.FunctionResponse[RunResult], error) {
	result := RunResult{RunInputs: req.Input}
	err := run(ctx, req.Input.Command, result.Settings, &result.Result)
	return infer.FunctionResponse[RunResult]{Output: result}, err
}
