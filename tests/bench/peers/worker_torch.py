"""PyTorch, Debian's 1.13 and the current one: eager training, and inference in every form that the version has."""
import worker


def start():
    settings = worker.Settings()
    import torch
    from torch import nn
    torch.set_num_threads(settings.threads)
    torch.set_num_interop_threads(1)
    torch.set_flush_denormal(True)
    torch.manual_seed(1)
    x = torch.from_numpy(settings.images("train")).permute(0, 3, 1, 2)
    y = torch.from_numpy(settings.labels("train"))
    test = torch.from_numpy(settings.images("t10k")).permute(0, 3, 1, 2)
    formats = {"first": torch.contiguous_format, "last": torch.channels_last}
    made = {}

    def network():
        def block(channels, filters):
            return [nn.Conv2d(channels, filters, 3, padding=1), nn.ReLU(),
                    nn.BatchNorm2d(filters, eps=1e-3, momentum=0.01), nn.MaxPool2d(2), nn.Dropout(0.25)]
        model = nn.Sequential(*block(1, 32), *block(32, 64), nn.Flatten(), nn.Linear(3136, 128), nn.ReLU(), nn.Dropout(0.5),
                              nn.Linear(128, 10))
        weights = {name: torch.from_numpy(array) for name, array in settings.weights().items()}
        with torch.no_grad():
            for number, conv, norm in ((1, model[0], model[2]), (2, model[5], model[7])):
                conv.weight.copy_(weights[f"conv{number}/kernel"].permute(3, 2, 0, 1))
                conv.bias.copy_(weights[f"conv{number}/bias"])
                norm.weight.copy_(weights[f"bn{number}/gamma"])
                norm.bias.copy_(weights[f"bn{number}/beta"])
                norm.running_mean.copy_(weights[f"bn{number}/moving_mean"])
                norm.running_var.copy_(weights[f"bn{number}/moving_variance"])
            # libcnn flattens rows, columns, channels; PyTorch channels, rows, columns
            dense = weights["dense1/kernel"].reshape(7, 7, 64, 128).permute(2, 0, 1, 3).reshape(3136, 128)
            for layer, kernel, bias in ((model[11], dense, "dense1/bias"),
                                        (model[14], weights["output/kernel"], "output/bias")):
                layer.weight.copy_(kernel.t())
                layer.bias.copy_(weights[bias])
        return model

    def trainer(layout, adam, form):
        """A training step on a batch of indices."""
        model = network().to(memory_format=formats[layout]).train()
        extra = {"single": {"foreach": False}, "foreach": {"foreach": True}, "fused": {"fused": True}}[adam]
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, eps=1e-7, **extra)
        criterion = nn.CrossEntropyLoss()
        data = x.contiguous(memory_format=formats[layout])

        def loss_of(images, labels):
            return criterion(model(images), labels)
        loss_of = torch.compile(loss_of) if form == "compile" else loss_of

        def step(indices):
            optimizer.zero_grad(set_to_none=True)
            loss = loss_of(data[indices], y[indices])
            loss.backward()
            optimizer.step()
            return loss
        return step

    def predictor(layout, form, batch):
        model = nn.Sequential(network(), nn.Softmax(1)).to(memory_format=formats[layout]).eval()
        example = test[:batch].contiguous(memory_format=formats[layout])
        with torch.no_grad():
            if form in ("traced", "mkldnn"):
                model = torch.jit.freeze(torch.jit.trace(model, example))
                model = torch.jit.optimize_for_inference(model) if form == "mkldnn" else model
            elif form in ("compile", "frozen"):
                from torch._inductor import config
                config.freezing = form == "frozen"
                model = torch.compile(model)
            model(example)
        return model

    def get(make, *key):
        key = (make.__name__, *key)
        if key not in made:
            made[key] = make(*key[1:])
        return made[key]

    def train(steps, layout="last", adam="foreach", form="eager"):
        step = get(trainer, layout, adam, form)
        order = torch.randperm(len(x))[: steps * worker.BATCH].split(worker.BATCH)
        order = (order * (steps // len(order) + 1))[:steps]
        loss = []
        answer = worker.timed(lambda left=iter(order): loss.append(step(next(left)).detach()), steps, worker.BATCH)
        return {**answer, "loss": float(loss[-1])}

    def predict(steps, batch, layout, form):
        model = get(predictor, layout, form, batch)
        images = test[:batch].contiguous(memory_format=formats[layout])
        with torch.inference_mode() if form != "frozen" else torch.no_grad():
            if batch == 1:
                return worker.timed_singles(lambda: model(images), steps)
            return worker.timed(lambda: model(images), steps, batch)

    def check(steps, layout="last", form="eager", **unused):
        model = get(predictor, layout, form, worker.BATCH)
        with torch.no_grad():
            return {"difference": settings.difference(lambda images: torch.cat([
                model(part.contiguous(memory_format=formats[layout]))
                for part in torch.from_numpy(images).permute(0, 3, 1, 2).split(worker.BATCH)]))}

    tasks = {"train": train, "check": check,
             "infer": lambda steps, layout="last", form="eager": predict(steps, worker.BATCH, layout, form),
             "single": lambda steps, layout="last", form="eager": predict(steps, 1, layout, form)}
    return f"PyTorch {torch.__version__.split('+')[0]}", tasks


worker.serve(start)
