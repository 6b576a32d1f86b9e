<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="zh_CN" sourcelanguage="en">
  <context>
    <name>MainWindow</name>
    <message>
      <source>Handwritten digits</source>
      <translation>手写数字识别</translation>
    </message>
    <message>
      <source>Pages</source>
      <translation>页面</translation>
    </message>
    <message>
      <source>M&amp;ode</source>
      <translation>模式(&amp;O)</translation>
    </message>
    <message>
      <source>Recognize MNIST's test pictures, digits that other people wrote, or what you draw yourself</source>
      <translation>识别 MNIST 测试图片（别人手写的数字），或识别你自己写的数字</translation>
    </message>
    <message>
      <source>Mode</source>
      <translation>模式</translation>
    </message>
    <message>
      <source>MNIST pictures</source>
      <translation>MNIST 图片</translation>
    </message>
    <message>
      <source>Handwriting</source>
      <translation>手写</translation>
    </message>
    <message>
      <source>Net&amp;work</source>
      <translation>网络(&amp;W)</translation>
    </message>
    <message>
      <source>The network that answers; the last entry opens a weights file</source>
      <translation>给出答案的网络；最后一项可打开权重文件</translation>
    </message>
    <message>
      <source>Network</source>
      <translation>网络</translation>
    </message>
    <message>
      <source>Ran&amp;dom picture</source>
      <translation>随机图片(&amp;D)</translation>
    </message>
    <message>
      <source>Show one of MNIST's 10,000 test pictures, chosen at random</source>
      <translation>从 MNIST 的 10,000 张测试图片中随机显示一张</translation>
    </message>
    <message>
      <source>Random MNIST picture</source>
      <translation>随机 MNIST 图片</translation>
    </message>
    <message>
      <source>&amp;Clear</source>
      <translation>清除(&amp;C)</translation>
    </message>
    <message>
      <source>Remove the picture or the drawing</source>
      <translation>清除图片或手写内容</translation>
    </message>
    <message>
      <source>Clear</source>
      <translation>清除</translation>
    </message>
    <message>
      <source>&amp;Recognize</source>
      <translation>识别(&amp;R)</translation>
    </message>
    <message>
      <source>Ask the network which digit this is</source>
      <translation>让网络判断这是哪个数字</translation>
    </message>
    <message>
      <source>Recognize</source>
      <translation>识别</translation>
    </message>
    <message>
      <source>Make everything larger or smaller (Ctrl++, Ctrl+-)</source>
      <translation>放大或缩小全部内容（Ctrl++，Ctrl+-）</translation>
    </message>
    <message>
      <source>Larger or smaller</source>
      <translation>放大或缩小</translation>
    </message>
    <message>
      <source>Fill the screen, or leave that again (F11)</source>
      <translation>全屏显示，或退出全屏（F11）</translation>
    </message>
    <message>
      <source>Full screen</source>
      <translation>全屏</translation>
    </message>
    <message>
      <source>Show what can be done and by which keys (F1)</source>
      <translation>显示可以做什么、用哪些键（F1）</translation>
    </message>
    <message>
      <source>Help</source>
      <translation>帮助</translation>
    </message>
    <message>
      <source>Everything that can be done (F10)</source>
      <translation>所有操作（F10）</translation>
    </message>
    <message>
      <source>Menu</source>
      <translation>菜单</translation>
    </message>
    <message>
      <source>The picture that is recognized, 28 × 28 pixels</source>
      <translation>被识别的图片，28 × 28 像素</translation>
    </message>
    <message>
      <source>The MNIST picture</source>
      <translation>MNIST 图片</translation>
    </message>
    <message>
      <source>Draw a digit with mouse, pen or finger; by keyboard, arrow keys move the pen and the space bar lowers and lifts it</source>
      <translation>用鼠标、手写笔或手指书写数字；用键盘时，方向键移动笔，空格键落笔和抬笔</translation>
    </message>
    <message>
      <source>Drawing field</source>
      <translation>手写区</translation>
    </message>
    <message>
      <source>Next &amp;mistake</source>
      <translation>下一个错误(&amp;M)</translation>
    </message>
    <message>
      <source>Show the next test picture that this network gets wrong</source>
      <translation>显示此网络识别错误的下一张测试图片</translation>
    </message>
    <message>
      <source>Next mistake</source>
      <translation>下一个错误</translation>
    </message>
    <message>
      <source>No. </source>
      <translation>编号 </translation>
    </message>
    <message>
      <source>Go to this test picture, 0 to 9,999</source>
      <translation>转到该编号的测试图片，0 至 9,999</translation>
    </message>
    <message>
      <source>Number of the test picture</source>
      <translation>测试图片的编号</translation>
    </message>
    <message>
      <source>Undo</source>
      <translation>撤销</translation>
    </message>
    <message>
      <source>Take back the last stroke (Ctrl+Z)</source>
      <translation>撤销最后一笔（Ctrl+Z）</translation>
    </message>
    <message>
      <source>Redo</source>
      <translation>重做</translation>
    </message>
    <message>
      <source>Draw again what was taken back (Ctrl+Y)</source>
      <translation>恢复被撤销的一笔（Ctrl+Y）</translation>
    </message>
    <message>
      <source>Eraser</source>
      <translation>橡皮擦</translation>
    </message>
    <message>
      <source>Erase instead of drawing (E)</source>
      <translation>擦除而不是书写（E）</translation>
    </message>
    <message>
      <source>&amp;Pen</source>
      <translation>笔宽(&amp;P)</translation>
    </message>
    <message>
      <source>Width of the pen and of the eraser</source>
      <translation>笔和橡皮擦的宽度</translation>
    </message>
    <message>
      <source>Pen width</source>
      <translation>笔宽</translation>
    </message>
    <message>
      <source>Result</source>
      <translation>识别结果</translation>
    </message>
    <message>
      <source>The digit that the network reads</source>
      <translation>网络识别出的数字</translation>
    </message>
    <message>
      <source>Recognized digit</source>
      <translation>识别出的数字</translation>
    </message>
    <message>
      <source>Confidence</source>
      <translation>置信度</translation>
    </message>
    <message>
      <source>How sure the network is of this answer; not how often it is right</source>
      <translation>网络对这个答案的把握程度，不是它答对的比例</translation>
    </message>
    <message>
      <source>True digit</source>
      <translation>真实数字</translation>
    </message>
    <message>
      <source>Doubts</source>
      <translation>疑问</translation>
    </message>
    <message>
      <source>How probable the network finds each digit</source>
      <translation>网络认为每个数字的可能性</translation>
    </message>
    <message>
      <source>Probability of each digit</source>
      <translation>每个数字的概率</translation>
    </message>
    <message>
      <source>Not right? It is</source>
      <translation>不对？正确的是</translation>
    </message>
    <message>
      <source>Answer</source>
      <translation>答案</translation>
    </message>
    <message>
      <source>What the network answers</source>
      <translation>网络给出的答案</translation>
    </message>
    <message>
      <source>How sure it is of each digit</source>
      <translation>它对每个数字有多大把握</translation>
    </message>
    <message>
      <source>What the network saw</source>
      <translation>网络看到的图片</translation>
    </message>
    <message>
      <source>The prepared 28 × 28 picture that went into the network</source>
      <translation>经预处理后输入网络的 28 × 28 图片</translation>
    </message>
    <message>
      <source>28 × 28 pixels, with the digit in the middle</source>
      <translation>28 × 28 像素，数字居中</translation>
    </message>
    <message>
      <source>The network in use</source>
      <translation>正在使用的网络</translation>
    </message>
    <message>
      <source>Size, accuracy and speed of the network</source>
      <translation>网络的大小、准确率和速度</translation>
    </message>
  </context>
  <context>
    <name>fastcnn</name>
    <message>
      <source>is not an IDX file; give one, such as MNIST's of this name</source>
      <translation>不是 IDX 文件；请选择 IDX 文件，例如 MNIST 中同名的文件</translation>
    </message>
    <message>
      <source>is truncated: its header promises {promised} bytes of values and it can hold {most}; get or make it again</source>
      <translation>不完整：文件头说有 {promised} 字节数值，而最多只能有 {most} 字节；请重新获取或生成</translation>
    </message>
    <message>
      <source>is truncated within its header; get or make it again</source>
      <translation>文件头不完整；请重新获取或生成</translation>
    </message>
    <message>
      <source>is packed by gzip twice; unpack it once</source>
      <translation>被 gzip 压缩了两次，请解压一次</translation>
    </message>
    <message>
      <source>is a zip or npz archive and not an IDX file; give the IDX file in it</source>
      <translation>是 zip 或 npz 压缩包，不是 IDX 文件；请选择其中的 IDX 文件</translation>
    </message>
    <message>
      <source>is a NumPy file and not an IDX file; load it with numpy.load and give the arrays to Trainer.fit</source>
      <translation>是 NumPy 文件，不是 IDX 文件；请用 numpy.load 读取，再把数组交给 Trainer.fit</translation>
    </message>
    <message>
      <source>is a web page and not an IDX file; download the file itself</source>
      <translation>是网页，不是 IDX 文件；请下载文件本身</translation>
    </message>
    <message>
      <source>is text, perhaps CSV, and not an IDX file; read it into arrays and give them to Trainer.fit</source>
      <translation>是文本（可能是 CSV），不是 IDX 文件；请读成数组，再交给 Trainer.fit</translation>
    </message>
    <message>
      <source>holds nothing (its dimensions are {shape}); get or make it again</source>
      <translation>其中没有内容（维数为 {shape}）；请重新获取或生成</translation>
    </message>
    <message>
      <source>has its dimensions in little-endian order; write them big-endian, as IDX has them</source>
      <translation>维数是小端序；请按 IDX 的规定写成大端序</translation>
    </message>
    <message>
      <source>claims {promised} bytes of values, more than the {limit} allowed; get or make it again</source>
      <translation>声称有 {promised} 字节的数值，超过允许的 {limit} 字节；请重新获取或生成</translation>
    </message>
    <message>
      <source>is truncated: its header promises {promised} bytes of values and {found} are there; get or make it again</source>
      <translation>不完整：文件头说有 {promised} 字节数值，而只有 {found} 字节；请重新获取或生成</translation>
    </message>
    <message>
      <source>is a pipe, which may give nothing for ever; give a file</source>
      <translation>这是管道，可能永远没有数据；请选择文件</translation>
    </message>
    <message>
      <source>{path} {fault}</source>
      <translation>{path}：{fault}</translation>
    </message>
    <message>
      <source>{path} is truncated: its gzip data end early; get or make it again</source>
      <translation>{path} 不完整：gzip 数据提前结束；请重新获取或生成</translation>
    </message>
    <message>
      <source>{path} is damaged ({detail}); get or make it again</source>
      <translation>{path} 已损坏，请重新获取或生成</translation>
    </message>
    <message>
      <source>{path} cannot be read ({reason}); check that it is a file you may read</source>
      <translation>无法读取 {path}（{reason}）；请检查它是不是你有权读取的文件</translation>
    </message>
    <message>
      <source>is longer than the {promised} bytes of values it promises; get or make it again</source>
      <translation>比其文件头所说的 {promised} 字节数值更长；请重新获取或生成</translation>
    </message>
    <message>
      <source>is empty; get or make it again</source>
      <translation>这是空文件；请重新获取或生成</translation>
    </message>
    <message>
      <source>{path} does not exist; check the path</source>
      <translation>{path} 不存在，请检查路径</translation>
    </message>
    <message>
      <source>{path} has no {name}, plain or .gz; put the file there</source>
      <translation>{path} 中没有 {name}（未压缩的或 .gz），请把文件放在那里</translation>
    </message>
    <message>
      <source>{path} holds {form} and not uint8 pictures of {size} pixels; {detail}</source>
      <translation>{path} 的内容是 {form}，不是 {size} 像素的 uint8 图片</translation>
    </message>
    <message>
      <source>{path} holds {form} and not one label a picture; {detail}</source>
      <translation>{path} 的内容是 {form}，不是每张图片一个标签</translation>
    </message>
    <message>
      <source>{path} has the label {label} at index {index}, outside 0 to {last}; its labels go from {low} to {high}: {detail}</source>
      <translation>{path} 中第 {index} 个标签是 {label}，不在 0 到 {last} 之间；其标签从 {low} 到 {high}</translation>
    </message>
    <message>
      <source>{path} has {pictures} pictures and {name} has {labels} labels; use files that belong together</source>
      <translation>{path} 有 {pictures} 张图片，而 {name} 有 {labels} 个标签；请使用配套的文件</translation>
    </message>
    <message>
      <source>{path} is not a folder; give the folder that holds MNIST's four IDX files</source>
      <translation>{path} 不是文件夹；请选择存放 MNIST 四个 IDX 文件的文件夹</translation>
    </message>
    <message>
      <source>{name} is not complete in {path}; {detail}</source>
      <translation>{path} 中的 {name} 不完整</translation>
    </message>
    <message>
      <source>{detail}</source>
      <translation>原因已记入日志</translation>
    </message>
    <message>
      <source>{path} has {count} frames or pages; save or copy the one to be read as a picture of its own</source>
      <translation>{path} 含有 {count} 帧（页），请将要识别的那一帧另存为单独的图片</translation>
    </message>
    <message>
      <source>{path} is not a picture that can be read; save it as one of {known}</source>
      <translation>{path} 不是可读取的图片，请另存为以下格式之一：{known}</translation>
    </message>
    <message>
      <source>{path} has more than {limit} million pixels; shrink it first</source>
      <translation>{path} 超过 {limit} 百万像素，请先缩小</translation>
    </message>
    <message>
      <source>{path} does not exist</source>
      <translation>{path} 不存在</translation>
    </message>
    <message>
      <source>{path} is a folder, not a picture</source>
      <translation>{path} 是文件夹，不是图片</translation>
    </message>
    <message>
      <source>{path} may not be read; check its permissions</source>
      <translation>无权读取 {path}，请检查其权限</translation>
    </message>
    <message>
      <source>there is not enough memory</source>
      <translation>内存不足</translation>
    </message>
    <message>
      <source>cannot read {path} ({reason}); choose another file</source>
      <translation>无法读取 {path}（{reason}）。请另选文件</translation>
    </message>
    <message>
      <source>{path} is damaged: {detail}</source>
      <translation>{path} 已损坏</translation>
    </message>
    <message>
      <source>it is not an ordinary file</source>
      <translation>它不是普通文件</translation>
    </message>
    <message>
      <source>{path} is a PDF; save its pages as pictures first, such as PNG or TIFF</source>
      <translation>{path} 是 PDF，请先将其页面另存为图片，例如 PNG 或 TIFF</translation>
    </message>
    <message>
      <source>{path} has more than {most} frames; save those to be read</source>
      <translation>{path} 超过 {most} 帧，请只保存要识别的那些帧</translation>
    </message>
    <message>
      <source>{path} holds NaN or infinite pixels; save it as an ordinary PNG</source>
      <translation>{path} 含有无效或无穷大的像素，请另存为普通 PNG</translation>
    </message>
    <message>
      <source>the ink runs along all four edges, as a frame or a sheet does: cut the picture inside it</source>
      <translation>笔迹沿着图片的四边，像边框或纸边：请裁掉边缘</translation>
    </message>
    <message>
      <source>a frame surrounds the rest of the ink: cut the picture inside it</source>
      <translation>数字外面有边框：请裁掉边框</translation>
    </message>
    <message>
      <source>{path} holds more than {size} MB; give a smaller stroke file</source>
      <translation>{path} 超过 {size} MB，请选择较小的笔画文件</translation>
    </message>
    <message>
      <source>there are no drawings in {path}; correct some in the window (fastcnn gui), or give --strokes FILE</source>
      <translation>{path} 中没有手写数字，请先在窗口中更正几个答案</translation>
    </message>
    <message>
      <source>{path} is no stroke file, a list of {{label, writer, strokes}} or the window's export: {detail}</source>
      <translation>{path} 不是笔画文件（{{label, writer, strokes}} 的列表），也不是本窗口导出的文件</translation>
    </message>
    <message>
      <source>cannot read {path}: {reason}; give the path of a stroke file</source>
      <translation>无法读取 {path}：{reason}；请选择笔画文件</translation>
    </message>
    <message>
      <source>it is damaged</source>
      <translation>文件已损坏</translation>
    </message>
    <message>
      <source>this network's answers are no numbers: its weights are unusable, choose another network</source>
      <translation>此网络给出的不是数值：其权重不可用，请选择其他网络</translation>
    </message>
    <message>
      <source>{path} holds no network: its metadata is not of the format {detail}</source>
      <translation>{path} 中没有网络</translation>
    </message>
    <message>
      <source>{path} holds no network: its description is nested too deeply</source>
      <translation>{path} 中没有网络：其描述嵌套过深</translation>
    </message>
    <message>
      <source>{path} holds no network that fastcnn knows: {detail}</source>
      <translation>{path} 中没有 fastcnn 认识的网络</translation>
    </message>
    <message>
      <source>precision {precision} is not for this machine: {detail}; use float32</source>
      <translation>这台机器不能使用精度 {precision}（{detail}）；请使用 float32</translation>
    </message>
    <message>
      <source>a plot needs matplotlib, which is not installed; run pip install matplotlib</source>
      <translation>绘图需要 matplotlib，但尚未安装；请运行 pip install matplotlib</translation>
    </message>
    <message>
      <source>there are {count} digits, not {wanted}; ask for fewer groups or smaller ones</source>
      <translation>只有 {count} 个数字，少于所要的 {wanted} 个；请减少组数或每组的数量</translation>
    </message>
    <message>
      <source>{path} holds another network; install fastcnn again</source>
      <translation>{path} 中是另一个网络，请重新安装 fastcnn</translation>
    </message>
    <message>
      <source>{path} was not written by fastcnn: its checksum is missing</source>
      <translation>{path} 不是由 fastcnn 写入的：缺少校验和</translation>
    </message>
    <message>
      <source>{path} is damaged: its checksum is wrong; get or make it again</source>
      <translation>{path} 已损坏：校验和不符。请重新获取或生成</translation>
    </message>
    <message>
      <source>{path} is larger than {size} MiB, more than any network's file</source>
      <translation>{path} 大于 {size} MiB，任何网络文件都没有这么大</translation>
    </message>
    <message>
      <source>{path} is empty; get or make it again</source>
      <translation>{path} 是空文件，请重新获取或生成</translation>
    </message>
    <message>
      <source>cannot write {path}: {reason}; choose another place or make room</source>
      <translation>无法写入 {path}：{reason}。请另选位置或腾出空间</translation>
    </message>
    <message>
      <source>the network is not saved because {detail} holds values that are not finite</source>
      <translation>网络未保存，因为 {detail} 含有非有限的数值</translation>
    </message>
    <message>
      <source>it is a folder</source>
      <translation>它是文件夹</translation>
    </message>
    <message>
      <source>{path} is not a file; give the path of a .safetensors file</source>
      <translation>{path} 不是文件，请选择 .safetensors 文件</translation>
    </message>
    <message>
      <source>cannot read {path}: {reason}; give the path of a .safetensors file</source>
      <translation>无法读取 {path}：{reason}。请选择 .safetensors 文件</translation>
    </message>
    <message>
      <source>{path} is damaged or no safetensors file ({detail})</source>
      <translation>{path} 已损坏，或不是 safetensors 文件</translation>
    </message>
    <message>
      <source>{path} holds an array of dtype {detail}, which no network has</source>
      <translation>{path} 含有 {detail} 类型的数组，网络中没有这种类型</translation>
    </message>
    <message>
      <source>its folder does not exist</source>
      <translation>所在文件夹不存在</translation>
    </message>
    <message>
      <source>cannot write {path}: its folder does not exist; make it or choose another place</source>
      <translation>无法写入 {path}：所在文件夹不存在，请先新建或另选位置</translation>
    </message>
    <message>
      <source>{path} exists and is no {kind} that fastcnn wrote; choose another name</source>
      <translation>{path} 已存在，且不是 fastcnn 写的 {kind}，请另选名称</translation>
    </message>
    <message>
      <source>there is no checkpoint {path}; start a new training</source>
      <translation>没有训练存档 {path}，请点“训练”重新开始</translation>
    </message>
    <message>
      <source>{path} is no checkpoint of a training; give the file that training wrote</source>
      <translation>{path} 不是训练存档，请点“训练”重新开始</translation>
    </message>
    <message>
      <source>{path} has {done} epochs done, more than the {asked} asked for; ask for more</source>
      <translation>{path} 已完成 {done} 轮，多于要求的 {asked} 轮，请增加轮数</translation>
    </message>
    <message>
      <source>{path} was made with {detail}; resume with the same or start a new training</source>
      <translation>训练存档 {path} 是在其他设置下产生的，请点“训练”重新开始</translation>
    </message>
    <message>
      <source>{path} is a damaged checkpoint; start a new training</source>
      <translation>训练存档 {path} 已损坏，请点“训练”重新开始</translation>
    </message>
    <message>
      <source>{path} holds no kept epochs; give a file that a training wrote with them</source>
      <translation>{path} 中没有保存的训练轮次；请选择训练时写下轮次的文件</translation>
    </message>
    <message>
      <source>{path} exists and holds no kept epochs; choose another name</source>
      <translation>{path} 已存在，而且不是保存轮次的文件；请换一个名称</translation>
    </message>
    <message>
      <source>{path} holds no epochs of a network that fastcnn knows</source>
      <translation>{path} 中没有 fastcnn 认识的网络的轮次</translation>
    </message>
    <message>
      <source>there is no finished epoch to plot; train for one first</source>
      <translation>还没有完成的训练轮次可以绘图，请先训练一轮</translation>
    </message>
    <message>
      <source>a lower learning rate or clip_norm may help</source>
      <translation>可以降低学习率，或使用 clip_norm</translation>
    </message>
    <message>
      <source>epoch {epoch}, step {step} of {steps}</source>
      <translation>第 {epoch} 轮第 {step} 步（共 {steps} 步）</translation>
    </message>
    <message>
      <source>the loss became {loss} in {place}; {remedy}</source>
      <translation>损失在{place}变为 {loss}；{remedy}</translation>
    </message>
    <message>
      <source>{path} exists and is no checkpoint that fastcnn wrote; choose another name</source>
      <translation>{path} 已存在，但不是 fastcnn 写的训练存档；请换一个名字</translation>
    </message>
    <message>
      <source>a weight is no longer finite after epoch {epoch}, whose mean loss was {loss}; {remedy}</source>
      <translation>第 {epoch} 轮之后有权重不再是有限数值（该轮平均损失为 {loss}）；{remedy}</translation>
    </message>
    <message>
      <source>step {step}</source>
      <translation>第 {step} 步</translation>
    </message>
    <message>
      <source>the network's answers are no longer finite after epoch {epoch}; {remedy}</source>
      <translation>第 {epoch} 轮之后网络的输出不再是有限数值；{remedy}</translation>
    </message>
    <message>
      <source>{path} is a damaged checkpoint ({detail}); start afresh without it</source>
      <translation>训练存档 {path} 已损坏，请点“训练”重新开始</translation>
    </message>
    <message>
      <source>{path} holds a network from {detail}; give the weights of a digit network</source>
      <translation>{path} 中的网络不是识别数字的网络，请选择识别数字的网络</translation>
    </message>
    <message>
      <source>{name} is a network in the package and the file {file} in this folder; say {bundled} or {path}</source>
      <translation>{name} 既是自带的网络，又是当前文件夹中的文件 {file}；请写明 {bundled} 或 {path}</translation>
    </message>
    <message>
      <source>there is no model {name}; give one of {known}, or the path of a weights file</source>
      <translation>没有名为 {name} 的网络，请从 {known} 中选择，或选择一个权重文件</translation>
    </message>
    <message>
      <source>{path} is larger than {size} MB, more than any collection</source>
      <translation>{path} 大于 {size} MB，任何手写数字集都没有这么大</translation>
    </message>
    <message>
      <source>{path} is no collection of drawings; choose a file that “Export” wrote</source>
      <translation>{path} 不是手写数字集，请选择由“导出”写出的文件</translation>
    </message>
    <message>
      <source>{path} holds the network in use; choose another name</source>
      <translation>{path} 是正在使用的网络；请换一个文件名</translation>
    </message>
    <message>
      <source>cannot make the folder {path} ({reason}); make its parent writable</source>
      <translation>无法建立文件夹 {path}（{reason}）。请使其上级文件夹可写</translation>
    </message>
    <message>
      <source>there are no drawings to learn from: correct some answers first</source>
      <translation>还没有可供学习的手写数字，请先更正一些答案</translation>
    </message>
    <message>
      <source>{path} is too large for a lesson; give a file of at most 1 MB</source>
      <translation>{path} 太大，不像课程文件；请选择不超过 1 MB 的文件</translation>
    </message>
    <message>
      <source>{path} is no lesson: its format must be {format}</source>
      <translation>{path} 不是课程文件：它的格式（format）必须是 {format}</translation>
    </message>
    <message>
      <source>{path} is no JSON file; give a lesson file</source>
      <translation>{path} 不是 JSON 文件；请选择课程文件</translation>
    </message>
    <message>
      <source>{path} is no lesson: {field} is missing or wrong</source>
      <translation>{path} 不是课程文件：缺少 {field} 或其值有误</translation>
    </message>
    <message>
      <source>Nothing is drawn yet: draw a digit on the black field.</source>
      <translation>还没有书写：请在黑色区域写一个数字。</translation>
    </message>
    <message>
      <source>No picture is shown yet: press “Random picture”.</source>
      <translation>还没有图片：请按“随机图片”。</translation>
    </message>
    <message>
      <source>Loading the test pictures …</source>
      <translation>正在载入测试图片…</translation>
    </message>
    <message>
      <source>Test picture {number}</source>
      <translation>第 {number} 号测试图片</translation>
    </message>
    <message>
      <source>The field is cleared.</source>
      <translation>手写区已清除。</translation>
    </message>
    <message>
      <source>Reading all 10,000 test pictures …</source>
      <translation>正在识别全部 10,000 张测试图片…</translation>
    </message>
    <message>
      <source>This network makes no mistake on the test pictures.</source>
      <translation>此网络在测试图片上没有错误。</translation>
    </message>
    <message>
      <source>Picture {position} of {count}</source>
      <translation>第 {position} 张，共 {count} 张</translation>
    </message>
    <message>
      <source>This network never takes {a_true} for {a_answer}.</source>
      <translation>此网络从不把 {true} 识别为 {answer}。</translation>
    </message>
    <message>
      <source>Preparing the network, about 10 s, only once. You can draw already; it answers then.</source>
      <translation>正在准备网络，约 10 秒，仅此一次。现在就可以书写，准备好后会给出答案。</translation>
    </message>
    <message>
      <source>Preparing the network, about 10 s; nothing can be kept here, so each start needs this.</source>
      <translation>正在准备网络，约 10 秒；此处无法保存文件，因此每次启动都要准备。</translation>
    </message>
    <message>
      <source>Network in use: {name}</source>
      <translation>当前网络：{name}</translation>
    </message>
    <message>
      <source>Kept as {a_digit}; {count} drawing{s} {are} in your collection.</source>
      <translation>已作为 {digit} 保存；共有 {count} 个手写数字。</translation>
    </message>
    <message>
      <source>Now {a_digit}; {count} drawing{s} {are} in your collection.</source>
      <translation>现在标为 {digit}；共有 {count} 个手写数字。</translation>
    </message>
    <message>
      <source>Deleted; {count} drawing{s} {are} in your collection.</source>
      <translation>已删除；还有 {count} 个手写数字。</translation>
    </message>
    <message>
      <source>Undone; {count} drawing{s} {are} in your collection.</source>
      <translation>已撤销；共有 {count} 个手写数字。</translation>
    </message>
    <message>
      <source>Only your own drawings can be corrected: draw a digit first.</source>
      <translation>只能更正你自己的手写数字：请先写一个数字。</translation>
    </message>
    <message>
      <source>Saved to {path}</source>
      <translation>已保存到 {path}</translation>
    </message>
    <message>
      <source>That holds no picture: take a picture, or a picture’s file on this computer.</source>
      <translation>其中没有图片：请使用图片，或本机上的图片文件。</translation>
    </message>
    <message>
      <source>That can only be moved here, and its owner would lose it: copy it and paste it instead.</source>
      <translation>它只能移动到这里，原处就会丢失：请改用复制和粘贴。</translation>
    </message>
    <message>
      <source>One picture at a time: {name} is taken, and {count} more {are} not.</source>
      <translation>每次只能读取一张图片：已读取 {name}，其余 {count} 项未读取。</translation>
    </message>
    <message>
      <source>You went on before the picture was ready, so it is not shown; open it again.</source>
      <translation>图片准备好之前你已继续操作，所以没有显示；请再打开一次。</translation>
    </message>
    <message>
      <source>Nothing is recognized yet: press “Recognize” first.</source>
      <translation>还没有识别结果：请先按“识别”。</translation>
    </message>
    <message>
      <source>No experiment waits for a drawing: start one with handwriting on the page “Experiment”.</source>
      <translation>没有实验在等待手写：请在“实验”页面开始一次手写实验。</translation>
    </message>
    <message>
      <source>Draw {a_digit}, then press “Next” ({number} of {count}).</source>
      <translation>请写 {digit}，然后按“下一个”（第 {number} 个，共 {count} 个）。</translation>
    </message>
    <message>
      <source>Experiment done: {right} of {count} right.</source>
      <translation>实验完成：{count} 个中对 {right} 个。</translation>
    </message>
    <message>
      <source>An interrupted experiment is kept: {number} of {count} done.</source>
      <translation>保留着被中断的实验：已完成 {number} 个，共 {count} 个。</translation>
    </message>
    <message>
      <source>Learning from your drawings …</source>
      <translation>正在学习你的笔迹…</translation>
    </message>
    <message>
      <source>Learning was cancelled; the network is as it was.</source>
      <translation>已取消学习；网络保持原样。</translation>
    </message>
    <message>
      <source>Learning is done: keep the new network or discard it.</source>
      <translation>学习完成：请保留或放弃新的网络。</translation>
    </message>
    <message>
      <source>Learning is done, but the new network reads worse: look at the table before you keep it.</source>
      <translation>学习完成，但新网络的识别变差：请先看表格，再决定是否保留。</translation>
    </message>
    <message>
      <source>The network that knows your writing is in use, as {name}.</source>
      <translation>正在使用认识你笔迹的网络：{name}。</translation>
    </message>
    <message>
      <source>Discarded; the network is as it was.</source>
      <translation>已放弃；网络保持原样。</translation>
    </message>
    <message>
      <source>Keeping everything; then the window closes …</source>
      <translation>正在保留全部内容，然后关闭窗口…</translation>
    </message>
    <message>
      <source>Your drawings and the network that learned from them are deleted.</source>
      <translation>你的手写数字以及从中学习的网络已删除。</translation>
    </message>
    <message>
      <source>{count} new drawing{s} {were} imported.</source>
      <translation>已导入 {count} 个新的手写数字。</translation>
    </message>
    <message>
      <source>Training is done: {accuracy} on pictures it has not trained on; kept as {name}.</source>
      <translation>训练完成：在未参与训练的图片上准确率为 {accuracy}；已保存为 {name}。</translation>
    </message>
    <message>
      <source>Training is stopped; “Resume” goes on from the last finished epoch.</source>
      <translation>训练已停止；按“继续”可从最后完成的一轮继续。</translation>
    </message>
    <message>
      <source>The trained network is kept as {name}.</source>
      <translation>训练好的网络已保存为 {name}。</translation>
    </message>
    <message>
      <source>The trained network has replaced the old {name}.</source>
      <translation>训练好的网络已替换原来的 {name}。</translation>
    </message>
    <message>
      <source>There is no older network of yours to replace.</source>
      <translation>没有可以替换的旧网络。</translation>
    </message>
    <message>
      <source>You are trying the network in training.</source>
      <translation>你正在试用训练中的网络。</translation>
    </message>
    <message>
      <source>There is no network in training to try yet: train one first, or go on.</source>
      <translation>还没有可以试用的训练中的网络：请先训练，或继续训练。</translation>
    </message>
    <message>
      <source>The chosen network answers again.</source>
      <translation>重新由所选网络作答。</translation>
    </message>
    <message>
      <source>Trying each of the pixels …</source>
      <translation>正在逐个尝试像素…</translation>
    </message>
    <message>
      <source>One pixel is enough: with row {row}, column {column} changed it reads {a_answer} ({share}%).</source>
      <translation>一个像素就够了：改变第 {row} 行第 {column} 列后，网络识别为 {answer}（{share}%）。</translation>
    </message>
    <message>
      <source>No single pixel fools it. Row {row}, column {column} hurts most: still {a_answer} ({share}%).</source>
      <translation>没有哪个像素能骗过它。影响最大的是第 {row} 行第 {column} 列：仍识别为 {answer}（{share}%）。</translation>
    </message>
    <message>
      <source>Something unexpected happened ({kind}: {detail}); it is noted in {path}. The program goes on.</source>
      <translation>发生意外情况（{kind}），已记入 {path}。程序继续运行。</translation>
    </message>
    <message>
      <source>Something unexpected happened ({kind}: {detail}). The program goes on.</source>
      <translation>发生意外情况（{kind}）。程序继续运行。</translation>
    </message>
    <message>
      <source>That did not work: {reason}</source>
      <translation>操作失败：{reason}</translation>
    </message>
    <message>
      <source>{path} cannot be used: {reason}; check its permissions and the room on its disk</source>
      <translation>无法使用 {path}：{reason}。请检查其权限和磁盘空间</translation>
    </message>
    <message>
      <source>“{name}” cannot be a network’s name; choose another one</source>
      <translation>“{name}”不能作为网络的名称；请换一个</translation>
    </message>
    <message>
      <source>there is a network “{name}” already; choose another name, or “Replace”</source>
      <translation>已有名为“{name}”的网络；请换一个名称，或用“替换”</translation>
    </message>
    <message>
      <source>the training was begun by another version and cannot go on; what it had learned is kept as {name}</source>
      <translation>这次训练由另一个版本开始，不能继续；已学到的内容保存为“{name}”</translation>
    </message>
    <message>
      <source>Open lesson</source>
      <translation>打开课程</translation>
    </message>
    <message>
      <source>Worksheet</source>
      <translation>练习单</translation>
    </message>
    <message>
      <source>Lessons ({pattern})</source>
      <translation>课程 ({pattern})</translation>
    </message>
    <message>
      <source>PDF ({pattern})</source>
      <translation>PDF ({pattern})</translation>
    </message>
    <message>
      <source>Open network</source>
      <translation>打开网络</translation>
    </message>
    <message>
      <source>Go to picture</source>
      <translation>转到图片</translation>
    </message>
    <message>
      <source>Number of the test picture, 0 to 9,999</source>
      <translation>测试图片的编号，0 至 9,999</translation>
    </message>
    <message>
      <source>Weights ({pattern})</source>
      <translation>权重文件 ({pattern})</translation>
    </message>
    <message>
      <source>Inside</source>
      <translation>网络内部</translation>
    </message>
    <message>
      <source>Mistakes</source>
      <translation>错误</translation>
    </message>
    <message>
      <source>Experiment</source>
      <translation>实验</translation>
    </message>
    <message>
      <source>Trials</source>
      <translation>实验</translation>
    </message>
    <message>
      <source>My writing</source>
      <translation>我的笔迹</translation>
    </message>
    <message>
      <source>Writing</source>
      <translation>笔迹</translation>
    </message>
    <message>
      <source>Training</source>
      <translation>训练</translation>
    </message>
    <message>
      <source>Train</source>
      <translation>训练</translation>
    </message>
    <message>
      <source>Lesson</source>
      <translation>课程</translation>
    </message>
    <message>
      <source>Compare</source>
      <translation>对比</translation>
    </message>
    <message>
      <source>No such file or directory</source>
      <translation>文件或文件夹不存在</translation>
    </message>
    <message>
      <source>Permission denied</source>
      <translation>权限不足</translation>
    </message>
    <message>
      <source>Operation not permitted</source>
      <translation>不允许此操作</translation>
    </message>
    <message>
      <source>No space left on device</source>
      <translation>磁盘空间不足</translation>
    </message>
    <message>
      <source>Disk quota exceeded</source>
      <translation>超出磁盘配额</translation>
    </message>
    <message>
      <source>Read-only file system</source>
      <translation>文件系统是只读的</translation>
    </message>
    <message>
      <source>Is a directory</source>
      <translation>它是文件夹</translation>
    </message>
    <message>
      <source>Not a directory</source>
      <translation>它不是文件夹</translation>
    </message>
    <message>
      <source>File exists</source>
      <translation>文件已存在</translation>
    </message>
    <message>
      <source>File name too long</source>
      <translation>文件名过长</translation>
    </message>
    <message>
      <source>File too large</source>
      <translation>文件过大</translation>
    </message>
    <message>
      <source>Input/output error</source>
      <translation>输入输出错误</translation>
    </message>
    <message>
      <source>Stale file handle</source>
      <translation>文件句柄已失效</translation>
    </message>
    <message>
      <source>Transport endpoint is not connected</source>
      <translation>网络连接已断开</translation>
    </message>
    <message>
      <source>Connection timed out</source>
      <translation>连接超时</translation>
    </message>
    <message>
      <source>Host is down</source>
      <translation>对方主机未运行</translation>
    </message>
    <message>
      <source>Too many open files</source>
      <translation>打开的文件过多</translation>
    </message>
    <message>
      <source>Deep CNN</source>
      <translation>深层网络</translation>
    </message>
    <message>
      <source>Paper's CNN</source>
      <translation>论文中的网络</translation>
    </message>
    <message>
      <source>Committee of five</source>
      <translation>五网络委员会</translation>
    </message>
    <message>
      <source>Knows my writing</source>
      <translation>认识我的笔迹</translation>
    </message>
    <message>
      <source>Accuracy {accuracy} ({right} of {count}); 95% interval {low} to {high}</source>
      <translation>准确率 {accuracy}（{count} 个中对 {right} 个）；95% 置信区间：{low} 至 {high}</translation>
    </message>
    <message>
      <source>{speed} pictures/s, one alone {time} ms</source>
      <translation>每秒 {speed} 张，单张 {time} 毫秒</translation>
    </message>
    <message>
      <source>several digits? Draw one at a time</source>
      <translation>好像有多个数字？请一次写一个</translation>
    </message>
    <message>
      <source>about {minutes} min left</source>
      <translation>大约还需 {minutes} 分钟</translation>
    </message>
    <message>
      <source>Ctrl+I measures it</source>
      <translation>按 Ctrl+I 测量</translation>
    </message>
    <message>
      <source>no digit yet</source>
      <translation>还不是数字</translation>
    </message>
    <message>
      <source>this is no digit</source>
      <translation>这不是数字</translation>
    </message>
    <message>
      <source>about {seconds} s left</source>
      <translation>大约还需 {seconds} 秒</translation>
    </message>
    <message>
      <source>{parameters} parameters, {size} MB</source>
      <translation>{parameters} 个参数，{size} MB</translation>
    </message>
    <message>
      <source>Trying {name} after {count} epoch{s}: {parameters} parameters</source>
      <translation>正在试用“{name}”（已训练 {count} 轮）：{parameters} 个参数</translation>
    </message>
    <message>
      <source>{digits}, read as several digits</source>
      <translation>{digits}，按多个数字识别</translation>
    </message>
    <message>
      <source>unsure: {first} or {second}</source>
      <translation>不确定：{first} 或 {second}</translation>
    </message>
    <message>
      <source>{accuracy} right on MNIST</source>
      <translation>MNIST 准确率 {accuracy}</translation>
    </message>
    <message>
      <source>{accuracy} right on pictures not trained on</source>
      <translation>在未参与训练的图片上准确率为 {accuracy}</translation>
    </message>
    <message>
      <source>no digit</source>
      <translation>不是数字</translation>
    </message>
    <message>
      <source>A training is running: it would stop, and go on later from its last finished epoch.</source>
      <translation>正在训练：训练会停止，以后可以从最后完成的一轮继续。</translation>
    </message>
    <message>
      <source>The network is learning your writing: that would be given up.</source>
      <translation>网络正在学习你的笔迹：这次学习会被放弃。</translation>
    </message>
    <message>
      <source>What the network learned of your writing is neither kept nor discarded.</source>
      <translation>网络学到的笔迹还没有保留，也没有放弃。</translation>
    </message>
    <message>
      <source>Answers of an experiment could not be saved.</source>
      <translation>有实验的答案未能保存。</translation>
    </message>
    <message>
      <source>“Save all” finishes the epoch and the learning, keeps every network and answer, and then closes.</source>
      <translation>“全部保存”会完成这一轮训练和学习，保留所有网络和答案，然后关闭窗口。</translation>
    </message>
    <message>
      <source>Close</source>
      <translation>关闭</translation>
    </message>
    <message>
      <source>Labelled {label}; read as {answer}</source>
      <translation>标为 {label}；识别为 {answer}</translation>
    </message>
    <message>
      <source>Labelled {label}; taken for no digit</source>
      <translation>标为 {label}；未识别为数字</translation>
    </message>
    <message>
      <source>MNIST pictures</source>
      <translation>MNIST 图片</translation>
    </message>
    <message>
      <source>Handwriting</source>
      <translation>手写</translation>
    </message>
    <message>
      <source>Accuracy in each group</source>
      <translation>每组的准确率</translation>
    </message>
    <message>
      <source>group</source>
      <translation>组</translation>
    </message>
    <message>
      <source>Accuracy of each digit</source>
      <translation>每个数字的准确率</translation>
    </message>
    <message>
      <source>digit</source>
      <translation>数字</translation>
    </message>
    <message>
      <source>Draw this digit, then press “Next” ({number} of {count}).</source>
      <translation>请写这个数字，然后按“下一个”（第 {number} 个，共 {count} 个）。</translation>
    </message>
    <message>
      <source>No digit has been recognized in an experiment yet.</source>
      <translation>实验中还没有识别过数字。</translation>
    </message>
    <message>
      <source>Export as CSV</source>
      <translation>导出为 CSV</translation>
    </message>
    <message>
      <source>CSV table (*.csv)</source>
      <translation>CSV 表格 (*.csv)</translation>
    </message>
    <message>
      <source>Export as PNG</source>
      <translation>导出为 PNG</translation>
    </message>
    <message>
      <source>PNG picture (*.png)</source>
      <translation>PNG 图片 (*.png)</translation>
    </message>
    <message>
      <source>Kind of experiment</source>
      <translation>实验类型</translation>
    </message>
    <message>
      <source>Test pictures drawn at random, or digits that you draw</source>
      <translation>随机抽取的测试图片，或你手写的数字</translation>
    </message>
    <message>
      <source>Gro&amp;ups</source>
      <translation>组数(&amp;U)</translation>
    </message>
    <message>
      <source>Number of groups</source>
      <translation>组数</translation>
    </message>
    <message>
      <source>How many groups</source>
      <translation>共多少组</translation>
    </message>
    <message>
      <source>o&amp;f</source>
      <translation>每组(&amp;F)</translation>
    </message>
    <message>
      <source>Digits in a group</source>
      <translation>每组的数字个数</translation>
    </message>
    <message>
      <source>How many digits each group has</source>
      <translation>每组有多少个数字</translation>
    </message>
    <message>
      <source>&amp;Start</source>
      <translation>开始(&amp;S)</translation>
    </message>
    <message>
      <source>Begin a new experiment; the one before is kept</source>
      <translation>开始新的实验；之前的实验会保留</translation>
    </message>
    <message>
      <source>Ne&amp;xt</source>
      <translation>下一个(&amp;X)</translation>
    </message>
    <message>
      <source>Recognize and note this drawing, then go to the next digit (F4)</source>
      <translation>识别并记录这个数字，然后写下一个（F4）</translation>
    </message>
    <message>
      <source>&amp;Go on</source>
      <translation>继续(&amp;G)</translation>
    </message>
    <message>
      <source>Go on with the experiment that was interrupted</source>
      <translation>继续被中断的实验</translation>
    </message>
    <message>
      <source>&amp;Interrupt</source>
      <translation>中断(&amp;I)</translation>
    </message>
    <message>
      <source>Leave the experiment; it is kept and can go on later</source>
      <translation>离开实验；实验会保留，以后可以继续</translation>
    </message>
    <message>
      <source>CS&amp;V …</source>
      <translation>CSV(&amp;V)…</translation>
    </message>
    <message>
      <source>Save every answer as a table</source>
      <translation>把每个答案保存为表格</translation>
    </message>
    <message>
      <source>P&amp;NG …</source>
      <translation>PNG(&amp;N)…</translation>
    </message>
    <message>
      <source>Save charts and figures as a picture</source>
      <translation>把图表和数据保存为图片</translation>
    </message>
    <message>
      <source>Kep&amp;t</source>
      <translation>已保留(&amp;T)</translation>
    </message>
    <message>
      <source>Kept experiments</source>
      <translation>保留的实验</translation>
    </message>
    <message>
      <source>Show an earlier experiment; one that was left can go on</source>
      <translation>显示以前的实验；中断的实验可以继续</translation>
    </message>
    <message>
      <source>Digit to draw</source>
      <translation>要写的数字</translation>
    </message>
    <message>
      <source>Draw this digit on the black field</source>
      <translation>请在黑色区域写这个数字</translation>
    </message>
    <message>
      <source>Which digit of the experiment it is</source>
      <translation>这是实验的第几个数字</translation>
    </message>
    <message>
      <source>Figures of the experiment</source>
      <translation>实验数据</translation>
    </message>
    <message>
      <source>{number}: {kind}, {right} right of {count} done, {total} in all</source>
      <translation>{number}：{kind}，已完成 {count} 个，正确 {right} 个，共 {total} 个</translation>
    </message>
    <message>
      <source>{count} of {total} digits done.</source>
      <translation>已完成 {count} 个数字，共 {total} 个。</translation>
    </message>
    <message>
      <source>Mean confidence {share}: how sure the network is, not how often it is right</source>
      <translation>平均置信度 {share}：表示网络的把握程度，不是答对的比例</translation>
    </message>
    <message>
      <source>Collection of drawings (*.json)</source>
      <translation>手写数字集 (*.json)</translation>
    </message>
    <message>
      <source>Delete all your drawings and the network that learned from them?</source>
      <translation>删除你所有的手写数字以及从中学习的网络吗？</translation>
    </message>
    <message>
      <source>When an answer is wrong, press the right digit under the result, or its key. The drawing is kept, and the network can learn from it. It learns better from many. Every fourth one is held back to measure that.</source>
      <translation>答案错误时，请按结果下面的正确数字，或按键盘上的数字键。手写数字会被保存，网络可以从中学习。手写数字越多，学得越好。每四个中留出一个，用来检验学习是否有效。</translation>
    </message>
    <message>
      <source>none yet</source>
      <translation>暂无</translation>
    </message>
    <message>
      <source>Export drawings</source>
      <translation>导出手写数字</translation>
    </message>
    <message>
      <source>Import drawings</source>
      <translation>导入手写数字</translation>
    </message>
    <message>
      <source>Delete</source>
      <translation>删除</translation>
    </message>
    <message>
      <source>your drawings, held back</source>
      <translation>你的手写数字（留出部分）</translation>
    </message>
    <message>
      <source>MNIST's test pictures</source>
      <translation>MNIST 测试图片</translation>
    </message>
    <message>
      <source>Number of drawings</source>
      <translation>手写数字的数量</translation>
    </message>
    <message>
      <source>Your drawings</source>
      <translation>你的手写数字</translation>
    </message>
    <message>
      <source>Choose drawings; a digit key gives them that label, Delete deletes them</source>
      <translation>选择手写数字；按数字键改标签，按 Delete 键删除</translation>
    </message>
    <message>
      <source>No drawings yet. Draw a digit at the left, then press the right digit under the result.</source>
      <translation>还没有手写数字。请在左边写一个数字，再按结果下面正确的数字。</translation>
    </message>
    <message>
      <source>La&amp;bel</source>
      <translation>标签(&amp;B)</translation>
    </message>
    <message>
      <source>Give the chosen drawings another label</source>
      <translation>为所选手写数字改标签</translation>
    </message>
    <message>
      <source>Dele&amp;te</source>
      <translation>删除(&amp;T)</translation>
    </message>
    <message>
      <source>Delete the chosen drawings</source>
      <translation>删除所选手写数字</translation>
    </message>
    <message>
      <source>&amp;Undo</source>
      <translation>撤销(&amp;U)</translation>
    </message>
    <message>
      <source>Take back the last change of the collection</source>
      <translation>撤销对手写数字的上一次更改</translation>
    </message>
    <message>
      <source>&amp;Learn from my drawings</source>
      <translation>学习我的笔迹(&amp;L)</translation>
    </message>
    <message>
      <source>Train a copy of the network in use, in the background</source>
      <translation>在后台训练当前网络的副本</translation>
    </message>
    <message>
      <source>C&amp;ancel</source>
      <translation>取消(&amp;A)</translation>
    </message>
    <message>
      <source>Stop learning; the network stays as it was</source>
      <translation>停止学习；网络保持原样</translation>
    </message>
    <message>
      <source>&amp;Keep</source>
      <translation>保留(&amp;K)</translation>
    </message>
    <message>
      <source>Use the network that learned from now on</source>
      <translation>今后使用学习后的网络</translation>
    </message>
    <message>
      <source>Di&amp;scard</source>
      <translation>放弃(&amp;S)</translation>
    </message>
    <message>
      <source>Forget what was learned; the drawings stay</source>
      <translation>放弃学到的内容；手写数字仍保留</translation>
    </message>
    <message>
      <source>E&amp;xport …</source>
      <translation>导出(&amp;X)…</translation>
    </message>
    <message>
      <source>Save all your drawings to one file</source>
      <translation>把你所有的手写数字保存到一个文件</translation>
    </message>
    <message>
      <source>&amp;Import …</source>
      <translation>导入(&amp;I)…</translation>
    </message>
    <message>
      <source>Add the drawings of such a file</source>
      <translation>加入此类文件中的手写数字</translation>
    </message>
    <message>
      <source>D&amp;elete …</source>
      <translation>删除(&amp;E)…</translation>
    </message>
    <message>
      <source>Delete all your drawings and the network that learned from them</source>
      <translation>删除你所有的手写数字以及从中学习的网络</translation>
    </message>
    <message>
      <source>Accuracy before and after learning</source>
      <translation>学习前后的准确率</translation>
    </message>
    <message>
      <source>Drawings in your collection: {count}</source>
      <translation>已保存的手写数字：{count} 个</translation>
    </message>
    <message>
      <source>before</source>
      <translation>学习前</translation>
    </message>
    <message>
      <source>after</source>
      <translation>学习后</translation>
    </message>
    <message>
      <source>&lt;p&gt;&lt;b&gt;Worse than before:&lt;/b&gt; {name}, {count} fewer right.&lt;/p&gt;</source>
      <translation>&lt;p&gt;&lt;b&gt;比以前差：&lt;/b&gt;{name}，少对 {count} 个。&lt;/p&gt;</translation>
    </message>
    <message>
      <source>What each filter of the convolution finds in this picture</source>
      <translation>每个卷积核在这张图片中找到的特征</translation>
    </message>
    <message>
      <source>The filters: orange adds, blue takes away</source>
      <translation>卷积核：橙色表示加，蓝色表示减</translation>
    </message>
    <message>
      <source>Where it looked: without the red, the answer would suffer</source>
      <translation>网络看的地方：没有红色部分，答案会变差</translation>
    </message>
    <message>
      <source>W&amp;here did it look?</source>
      <translation>它看了哪里？(&amp;H)</translation>
    </message>
    <message>
      <source>Blacken the picture bit by bit and show in red where the answer suffers</source>
      <translation>逐块涂黑图片，用红色显示哪些部分影响答案</translation>
    </message>
    <message>
      <source>Feature maps</source>
      <translation>特征图</translation>
    </message>
    <message>
      <source>Filters</source>
      <translation>卷积核</translation>
    </message>
    <message>
      <source>The first convolution's weights; of a committee, its first member's</source>
      <translation>第一个卷积层的权重；若为委员会，则是其中第一个网络的权重</translation>
    </message>
    <message>
      <source>Where the network looked</source>
      <translation>网络看了哪里</translation>
    </message>
    <message>
      <source>Red: without this part the answer would suffer</source>
      <translation>红色：缺少这部分会影响答案</translation>
    </message>
    <message>
      <source>map {map} ({row}, {column}): {value} × {weight}</source>
      <translation>图 {map}（{row}, {column}）：{value} × {weight}</translation>
    </message>
    <message>
      <source>weights</source>
      <translation>权重</translation>
    </message>
    <message>
      <source>input {number}: {value} × {weight}</source>
      <translation>输入 {number}：{value} × {weight}</translation>
    </message>
    <message>
      <source>bias</source>
      <translation>偏置</translation>
    </message>
    <message>
      <source>map {number}</source>
      <translation>图 {number}</translation>
    </message>
    <message>
      <source>= output</source>
      <translation>= 输出</translation>
    </message>
    <message>
      <source>= score</source>
      <translation>= 得分</translation>
    </message>
    <message>
      <source>ReLU</source>
      <translation>ReLU</translation>
    </message>
    <message>
      <source>{count} other inputs</source>
      <translation>其余 {count} 个输入</translation>
    </message>
    <message>
      <source>Two networks on one picture</source>
      <translation>两个网络识别同一张图片</translation>
    </message>
    <message>
      <source>The network in use; a click on a layer opens it in the lesson</source>
      <translation>正在使用的网络；单击某一层可在课程中打开它</translation>
    </message>
    <message>
      <source>Second network</source>
      <translation>第二个网络</translation>
    </message>
    <message>
      <source>The network to compare with</source>
      <translation>用来比较的网络</translation>
    </message>
    <message>
      <source>Compare with</source>
      <translation>比较对象</translation>
    </message>
    <message>
      <source>Probabilities of the network in use</source>
      <translation>正在使用的网络给出的概率</translation>
    </message>
    <message>
      <source>How sure it is of each digit</source>
      <translation>它对每个数字有多大把握</translation>
    </message>
    <message>
      <source>Probabilities of the second network</source>
      <translation>第二个网络给出的概率</translation>
    </message>
    <message>
      <source>About these probabilities</source>
      <translation>关于这些概率</translation>
    </message>
    <message>
      <source>Show a picture or draw a digit: both networks read it here.</source>
      <translation>请显示一张图片或写一个数字：两个网络都会在这里识别它。</translation>
    </message>
    <message>
      <source>Above: {first}. Below: {second}.</source>
      <translation>上面的网络：{first}。下面的网络：{second}。</translation>
    </message>
    <message>
      <source>window</source>
      <translation>窗口</translation>
    </message>
    <message>
      <source>window (0 to {limit})</source>
      <translation>窗口（0 到 {limit}）</translation>
    </message>
    <message>
      <source>filter</source>
      <translation>卷积核</translation>
    </message>
    <message>
      <source>products</source>
      <translation>乘积</translation>
    </message>
    <message>
      <source>sum</source>
      <translation>和</translation>
    </message>
    <message>
      <source>+ bias</source>
      <translation>+ 偏置</translation>
    </message>
    <message>
      <source>+ other {count} inputs</source>
      <translation>+ 其余 {count} 个输入</translation>
    </message>
    <message>
      <source>Train the paper's network in the background; the command fastcnn train --keep-epochs does the same</source>
      <translation>在后台训练论文中的网络；命令 fastcnn train --keep-epochs 的作用相同</translation>
    </message>
    <message>
      <source>Progress of the training</source>
      <translation>训练进度</translation>
    </message>
    <message>
      <source>Training: the slider comes when it is done.</source>
      <translation>正在训练：完成后会出现滑块。</translation>
    </message>
    <message>
      <source>Training …</source>
      <translation>正在训练…</translation>
    </message>
    <message>
      <source>A training waits: let it go on, and the slider comes when it is done.</source>
      <translation>有一次训练尚未完成：请让它继续，完成后会出现滑块。</translation>
    </message>
    <message>
      <source>Go on</source>
      <translation>继续</translation>
    </message>
    <message>
      <source>Use that one</source>
      <translation>使用它</translation>
    </message>
    <message>
      <source>This network kept no epochs.</source>
      <translation>这个网络没有保存训练轮次。</translation>
    </message>
    <message>
      <source>Train, and keep the epochs</source>
      <translation>训练并保存轮次</translation>
    </message>
    <message>
      <source>This network kept no epochs; “{name}” did.</source>
      <translation>这个网络没有保存训练轮次；“{name}”保存了。</translation>
    </message>
    <message>
      <source>{epoch} of {count}</source>
      <translation>第 {epoch} 轮，共 {count} 轮</translation>
    </message>
    <message>
      <source>Look-alikes</source>
      <translation>易混淆的图片</translation>
    </message>
    <message>
      <source>{first} read as {second}</source>
      <translation>{first} 识别为 {second}</translation>
    </message>
    <message>
      <source>{first} or {second}?</source>
      <translation>{first} 还是 {second}？</translation>
    </message>
    <message>
      <source>weights before</source>
      <translation>原来的权重</translation>
    </message>
    <message>
      <source>gradient of the loss</source>
      <translation>损失的梯度</translation>
    </message>
    <message>
      <source>weights after</source>
      <translation>新的权重</translation>
    </message>
    <message>
      <source>probability of the {digit}: {before}% → {after}%; loss {loss} → {new_loss}</source>
      <translation>{digit} 的概率：{before}% → {after}%；损失：{loss} → {new_loss}</translation>
    </message>
    <message>
      <source>{title} (step {number} of {count}): {text}</source>
      <translation>{title}（第 {number} 步，共 {count} 步）：{text}</translation>
    </message>
    <message>
      <source>input {number} of {count}</source>
      <translation>输入 {number} / {count}</translation>
    </message>
    <message>
      <source>Look</source>
      <translation>查看</translation>
    </message>
    <message>
      <source>One step of learning</source>
      <translation>学习一步</translation>
    </message>
    <message>
      <source>Two networks</source>
      <translation>两个网络</translation>
    </message>
    <message>
      <source>Gallery</source>
      <translation>图库</translation>
    </message>
    <message>
      <source>Layer {number} of {count}: {kind}</source>
      <translation>第 {number} 层，共 {count} 层：{kind}</translation>
    </message>
    <message>
      <source>{digit}, {share}%</source>
      <translation>{digit}，{share}%</translation>
    </message>
    <message>
      <source>The network reads: {answer}</source>
      <translation>网络识别为：{answer}</translation>
    </message>
    <message>
      <source>The unchanged picture: {answer}</source>
      <translation>未改动的图片：{answer}</translation>
    </message>
    <message>
      <source>largest: row {row}, column {column} of the window, {out}</source>
      <translation>最大的数：窗口第 {row} 行第 {column} 列，{out}</translation>
    </message>
    <message>
      <source>mean of {count} numbers: {out}</source>
      <translation>{count} 个数的平均值：{out}</translation>
    </message>
    <message>
      <source>exp(score)</source>
      <translation>exp(得分)</translation>
    </message>
    <message>
      <source>score</source>
      <translation>得分</translation>
    </message>
    <message>
      <source>probability</source>
      <translation>概率</translation>
    </message>
    <message>
      <source>loss if true</source>
      <translation>对应的损失</translation>
    </message>
    <message>
      <source>exp(score − {shift})</source>
      <translation>exp(得分 − {shift})</translation>
    </message>
    <message>
      <source>One picture through the network</source>
      <translation>一张图片如何通过整个网络</translation>
    </message>
    <message>
      <source>Show a picture or draw a digit: its way through the network is shown here. Or start a lesson above.</source>
      <translation>请显示一张图片或写一个数字：这里会显示它如何通过网络。也可以在上面开始一课。</translation>
    </message>
    <message>
      <source>One place back (left arrow)</source>
      <translation>后退一个位置（左方向键）</translation>
    </message>
    <message>
      <source>Play: move on by itself, or stop (space bar)</source>
      <translation>播放：自动前进，或停止（空格键）</translation>
    </message>
    <message>
      <source>One place on (right arrow)</source>
      <translation>前进一个位置（右方向键）</translation>
    </message>
    <message>
      <source>The previous filter, map or output (up arrow)</source>
      <translation>上一个卷积核、特征图或输出（上方向键）</translation>
    </message>
    <message>
      <source>The next filter, map or output (down arrow)</source>
      <translation>下一个卷积核、特征图或输出（下方向键）</translation>
    </message>
    <message>
      <source>The previous input map</source>
      <translation>上一张输入特征图</translation>
    </message>
    <message>
      <source>The next input map</source>
      <translation>下一张输入特征图</translation>
    </message>
    <message>
      <source>Colours</source>
      <translation>颜色</translation>
    </message>
    <message>
      <source>Which numbers share one scale of colours</source>
      <translation>哪些数共用一个颜色标尺</translation>
    </message>
    <message>
      <source>Legend of the colours</source>
      <translation>颜色图例</translation>
    </message>
    <message>
      <source>From the smallest to the largest number of the scale</source>
      <translation>从标尺上最小的数到最大的数</translation>
    </message>
    <message>
      <source>Parts of the lesson</source>
      <translation>课程的各部分</translation>
    </message>
    <message>
      <source>What goes into the layer</source>
      <translation>输入这一层的数</translation>
    </message>
    <message>
      <source>Drag the frame; on the picture itself, a click flips a pixel</source>
      <translation>拖动方框；在输入图片上，单击会翻转一个像素</translation>
    </message>
    <message>
      <source>Window times filter</source>
      <translation>窗口乘以卷积核</translation>
    </message>
    <message>
      <source>The numbers of the frame and of the filter, and their products</source>
      <translation>方框内的数、卷积核的数，以及它们的乘积</translation>
    </message>
    <message>
      <source>Window of the pooling</source>
      <translation>池化窗口</translation>
    </message>
    <message>
      <source>The numbers of the window; the one that goes on is marked</source>
      <translation>窗口中的数；传下去的那个有标记</translation>
    </message>
    <message>
      <source>Evidence</source>
      <translation>证据</translation>
    </message>
    <message>
      <source>What speaks for this number and what against it; all parts add up to it</source>
      <translation>什么支持这个数，什么反对它；各部分之和就是它</translation>
    </message>
    <message>
      <source>Softmax, term by term</source>
      <translation>逐项看 Softmax</translation>
    </message>
    <message>
      <source>How scores become probabilities that add up to 100%</source>
      <translation>得分怎样变成总和为 100% 的概率</translation>
    </message>
    <message>
      <source>Before and after</source>
      <translation>之前和之后</translation>
    </message>
    <message>
      <source>What the layer makes of its input</source>
      <translation>这一层把输入变成什么</translation>
    </message>
    <message>
      <source>Weights − learning rate × gradient = new weights</source>
      <translation>权重 − 学习率 × 梯度 = 新权重</translation>
    </message>
    <message>
      <source>Undo pixel</source>
      <translation>撤销像素</translation>
    </message>
    <message>
      <source>Take back the last changed pixel</source>
      <translation>撤销最后改变的像素</translation>
    </message>
    <message>
      <source>Redo pixel</source>
      <translation>重做像素</translation>
    </message>
    <message>
      <source>Change it again</source>
      <translation>恢复被撤销的像素</translation>
    </message>
    <message>
      <source>Original</source>
      <translation>原图</translation>
    </message>
    <message>
      <source>Show the picture without changes</source>
      <translation>显示未改动的图片</translation>
    </message>
    <message>
      <source>Find the one pi&amp;xel that fools it</source>
      <translation>找出能骗过它的一个像素(&amp;X)</translation>
    </message>
    <message>
      <source>Flip each pixel, one at a time, and take the best</source>
      <translation>逐个翻转像素，采用效果最好的那个</translation>
    </message>
    <message>
      <source>Digit to learn</source>
      <translation>要学的数字</translation>
    </message>
    <message>
      <source>The digit that the network should read in this picture</source>
      <translation>网络应当从这张图片识别出的数字</translation>
    </message>
    <message>
      <source>Learning rate</source>
      <translation>学习率</translation>
    </message>
    <message>
      <source>How far one step goes</source>
      <translation>每一步走多远</translation>
    </message>
    <message>
      <source>Training epoch</source>
      <translation>训练轮次</translation>
    </message>
    <message>
      <source>The network as it was after this epoch of its training</source>
      <translation>训练完这一轮之后的网络</translation>
    </message>
    <message>
      <source>Accuracy after each epoch</source>
      <translation>每一轮之后的准确率</translation>
    </message>
    <message>
      <source>On pictures that were kept for validation</source>
      <translation>在留作验证的图片上</translation>
    </message>
    <message>
      <source>Which pictures</source>
      <translation>哪些图片</translation>
    </message>
    <message>
      <source>The network's mistakes, or pictures between two digits</source>
      <translation>网络的错误，或介于两个数字之间的图片</translation>
    </message>
    <message>
      <source>Which digits</source>
      <translation>哪些数字</translation>
    </message>
    <message>
      <source>Two digits, and how many pictures there are</source>
      <translation>两个数字，以及图片的数量</translation>
    </message>
    <message>
      <source>Pictures</source>
      <translation>图片</translation>
    </message>
    <message>
      <source>A click takes a picture into the lesson</source>
      <translation>单击图片，在课程中打开它</translation>
    </message>
    <message>
      <source>Measure</source>
      <translation>测量</translation>
    </message>
    <message>
      <source>Let the network read all 10,000 test pictures</source>
      <translation>让网络识别全部 10,000 张测试图片</translation>
    </message>
    <message>
      <source>The gallery needs the answers to all test pictures: press “Measure”.</source>
      <translation>图库需要网络对全部测试图片的答案：请按“测量”。</translation>
    </message>
    <message>
      <source>&amp;Lesson</source>
      <translation>课程(&amp;L)</translation>
    </message>
    <message>
      <source>A lesson leads through the page, step by step</source>
      <translation>课程带你一步一步地了解这一页</translation>
    </message>
    <message>
      <source>Start this lesson</source>
      <translation>开始这一课</translation>
    </message>
    <message>
      <source>Open …</source>
      <translation>打开…</translation>
    </message>
    <message>
      <source>Open a lesson file</source>
      <translation>打开课程文件</translation>
    </message>
    <message>
      <source>Back</source>
      <translation>上一步</translation>
    </message>
    <message>
      <source>The previous step</source>
      <translation>回到上一步</translation>
    </message>
    <message>
      <source>Next</source>
      <translation>下一步</translation>
    </message>
    <message>
      <source>The next step</source>
      <translation>前往下一步</translation>
    </message>
    <message>
      <source>Worksheet …</source>
      <translation>练习单…</translation>
    </message>
    <message>
      <source>Write a worksheet for this lesson to a PDF</source>
      <translation>把这一课的练习单保存为 PDF</translation>
    </message>
    <message>
      <source>End</source>
      <translation>结束</translation>
    </message>
    <message>
      <source>End this lesson</source>
      <translation>结束这一课</translation>
    </message>
    <message>
      <source>The picture</source>
      <translation>图片</translation>
    </message>
    <message>
      <source>From scores to probabilities</source>
      <translation>从得分到概率</translation>
    </message>
    <message>
      <source>The confidence next to the answer differs: it divides the scores by {temperature} first (calibration).</source>
      <translation>答案旁边的置信度与此不同：它先把得分除以 {temperature}（校准）。</translation>
    </message>
    <message>
      <source>Space plays</source>
      <translation>空格键播放</translation>
    </message>
    <message>
      <source>Page ↑ ↓ layer</source>
      <translation>翻页键 ↑ ↓ 换一层</translation>
    </message>
    <message>
      <source>F11 full screen</source>
      <translation>F11 全屏</translation>
    </message>
    <message>
      <source>Ctrl + larger</source>
      <translation>Ctrl + 放大</translation>
    </message>
    <message>
      <source>Picture</source>
      <translation>图片</translation>
    </message>
    <message>
      <source>Convolution</source>
      <translation>卷积</translation>
    </message>
    <message>
      <source>Max pooling</source>
      <translation>最大池化</translation>
    </message>
    <message>
      <source>Mean pooling</source>
      <translation>平均池化</translation>
    </message>
    <message>
      <source>Normalization</source>
      <translation>归一化</translation>
    </message>
    <message>
      <source>Affine</source>
      <translation>全连接</translation>
    </message>
    <message>
      <source>Sum</source>
      <translation>求和</translation>
    </message>
    <message>
      <source>Side by side</source>
      <translation>并排</translation>
    </message>
    <message>
      <source>Layer</source>
      <translation>层</translation>
    </message>
    <message>
      <source>Softmax</source>
      <translation>Softmax</translation>
    </message>
    <message>
      <source>Each square is a number from 0 (black) to 1 (white). Click a square to flip it.</source>
      <translation>每个方格是一个从 0（黑）到 1（白）的数。单击方格可以翻转它。</translation>
    </message>
    <message>
      <source>The output is large where orange lies on bright pixels. Move the frame on the picture, or press Play.</source>
      <translation>橙色盖在亮像素上的地方，输出就大。在图片上移动方框，或者按“播放”。</translation>
    </message>
    <message>
      <source>What is below zero becomes zero; the others stay. So a map shows where the filter found its pattern.</source>
      <translation>小于零的数变成零，其余的数不变。所以特征图显示卷积核在哪里找到了它的特征。</translation>
    </message>
    <message>
      <source>Of each window only the largest number goes on. If a digit moves a little, little changes.</source>
      <translation>每个窗口只有最大的数传下去。数字稍微移动时，结果变化很小。</translation>
    </message>
    <message>
      <source>Each number is the mean of a window: the map becomes smaller and smoother.</source>
      <translation>每个数是一个窗口的平均值：特征图变得更小、更平滑。</translation>
    </message>
    <message>
      <source>The numbers of each map are shifted and scaled: then none is too large or too small.</source>
      <translation>每张特征图中的数都经过平移和缩放：这样就不会太大或太小。</translation>
    </message>
    <message>
      <source>Each input counts with its weight: orange speaks for this number, blue against it.</source>
      <translation>每个输入都乘以自己的权重：橙色支持这个数，蓝色反对它。</translation>
    </message>
    <message>
      <source>The way through the layers and the short way are added, number by number.</source>
      <translation>经过各层的结果与捷径传来的数逐个相加。</translation>
    </message>
    <message>
      <source>The maps of all branches are put side by side; no number changes.</source>
      <translation>所有分支的特征图并排放在一起；数值都不改变。</translation>
    </message>
    <message>
      <source>This layer changes the numbers of the one before it.</source>
      <translation>这一层改变前一层的数。</translation>
    </message>
    <message>
      <source>exp(score), divided by the sum of all: probabilities that add up to 100%.</source>
      <translation>exp(得分) 除以全部之和：得到总和为 100% 的概率。</translation>
    </message>
    <message>
      <source>Colours: map</source>
      <translation>颜色：按特征图</translation>
    </message>
    <message>
      <source>Colours: layer</source>
      <translation>颜色：按层</translation>
    </message>
    <message>
      <source>Colours: all</source>
      <translation>颜色：全部</translation>
    </message>
    <message>
      <source>Output {number} of {count}</source>
      <translation>输出 {number} / {count}</translation>
    </message>
    <message>
      <source>{unit}, at row {row}, column {column}</source>
      <translation>{unit}，第 {row} 行第 {column} 列</translation>
    </message>
    <message>
      <source>← → ↑ ↓ another pixel</source>
      <translation>← → ↑ ↓ 换一个像素</translation>
    </message>
    <message>
      <source>Return flips it</source>
      <translation>回车键翻转它</translation>
    </message>
    <message>
      <source>{count} probabilities</source>
      <translation>{count} 个概率</translation>
    </message>
    <message>
      <source>{count} scores</source>
      <translation>{count} 个得分</translation>
    </message>
    <message>
      <source>Filter {number} of {count}</source>
      <translation>卷积核 {number} / {count}</translation>
    </message>
    <message>
      <source>Map {number} of {count}</source>
      <translation>特征图 {number} / {count}</translation>
    </message>
    <message>
      <source>← → ↑ ↓ another output</source>
      <translation>← → ↑ ↓ 换一个输出</translation>
    </message>
    <message>
      <source>↑ ↓ another filter</source>
      <translation>↑ ↓ 换一个卷积核</translation>
    </message>
    <message>
      <source>↑ ↓ another map</source>
      <translation>↑ ↓ 换一张特征图</translation>
    </message>
    <message>
      <source>← → step</source>
      <translation>← → 逐步移动</translation>
    </message>
    <message>
      <source>This is the first of the committee's {count} members.</source>
      <translation>这是委员会的 {count} 个网络中的第一个。</translation>
    </message>
    <message>
      <source>Multiply each number of the window by that of the filter, add all products and the bias {bias}:</source>
      <translation>把窗口中的每个数乘以卷积核中对应的数，再把所有乘积和偏置 {bias} 相加：</translation>
    </message>
    <message>
      <source>Name</source>
      <translation>姓名</translation>
    </message>
    <message>
      <source>Date</source>
      <translation>日期</translation>
    </message>
    <message>
      <source>Questions</source>
      <translation>问题</translation>
    </message>
    <message>
      <source>Not measured yet.</source>
      <translation>尚未测量。</translation>
    </message>
    <message>
      <source>Rows: the true digit. Columns: the answer. Click a cell to see its pictures.</source>
      <translation>行：真实数字。列：答案。单击单元格查看其中的图片。</translation>
    </message>
    <message>
      <source>Confusion matrix</source>
      <translation>混淆矩阵</translation>
    </message>
    <message>
      <source>How often each digit got each answer; by keyboard, arrow keys and Return choose a cell</source>
      <translation>每个数字得到每种答案的次数；用键盘时，方向键和回车键选择单元格</translation>
    </message>
    <message>
      <source>Mea&amp;sure</source>
      <translation>测量(&amp;S)</translation>
    </message>
    <message>
      <source>&amp;All mistakes</source>
      <translation>全部错误(&amp;A)</translation>
    </message>
    <message>
      <source>Browse all mistakes again</source>
      <translation>重新浏览全部错误</translation>
    </message>
    <message>
      <source>The previous mistake (Shift+F8)</source>
      <translation>上一个错误（Shift+F8）</translation>
    </message>
    <message>
      <source>The next mistake (F8)</source>
      <translation>下一个错误（F8）</translation>
    </message>
    <message>
      <source>Accuracy on the test pictures</source>
      <translation>测试图片上的准确率</translation>
    </message>
    <message>
      <source>{path} exists already. Replace it?</source>
      <translation>{path} 已存在。要替换它吗？</translation>
    </message>
    <message>
      <source>Progress of the preparation</source>
      <translation>准备进度</translation>
    </message>
    <message>
      <source>Preparing … {percent}%</source>
      <translation>正在准备… {percent}%</translation>
    </message>
    <message>
      <source>Undo</source>
      <translation>撤销</translation>
    </message>
    <message>
      <source>Take back what this message tells of</source>
      <translation>撤销这条消息所说的操作</translation>
    </message>
    <message>
      <source>Close the message</source>
      <translation>关闭消息</translation>
    </message>
    <message>
      <source>A training that was stopped can go on. Give it up and train a new network?</source>
      <translation>上次停止的训练可以继续。要放弃它并重新训练一个网络吗？</translation>
    </message>
    <message>
      <source>Loss of a batch</source>
      <translation>每批的损失</translation>
    </message>
    <message>
      <source>epoch</source>
      <translation>轮</translation>
    </message>
    <message>
      <source>Accuracy on pictures not trained on, %</source>
      <translation>未参与训练的图片上的准确率，%</translation>
    </message>
    <message>
      <source>Save as</source>
      <translation>另存为</translation>
    </message>
    <message>
      <source>Name of the trained network</source>
      <translation>训练好的网络的名称</translation>
    </message>
    <message>
      <source>Replace</source>
      <translation>替换</translation>
    </message>
    <message>
      <source>Delete this network and put the trained one in its place</source>
      <translation>删除这个网络，换上训练好的网络</translation>
    </message>
    <message>
      <source>No training yet.</source>
      <translation>尚未训练。</translation>
    </message>
    <message>
      <source>Paused.</source>
      <translation>已暂停。</translation>
    </message>
    <message>
      <source>Stopping …</source>
      <translation>正在停止…</translation>
    </message>
    <message>
      <source>Stopped; it can go on.</source>
      <translation>已停止；可以继续。</translation>
    </message>
    <message>
      <source>Done; the network is in the list of networks.</source>
      <translation>已完成；网络已加入列表。</translation>
    </message>
    <message>
      <source>Epoch {epoch} of {of}, {speed} pictures/s</source>
      <translation>第 {epoch} 轮，共 {of} 轮，每秒 {speed} 张</translation>
    </message>
    <message>
      <source>&amp;Epochs</source>
      <translation>轮数(&amp;E)</translation>
    </message>
    <message>
      <source>Epochs</source>
      <translation>轮数</translation>
    </message>
    <message>
      <source>How often the network sees each of the 55,000 training pictures</source>
      <translation>网络把 55,000 张训练图片各看几遍</translation>
    </message>
    <message>
      <source>&amp;Train</source>
      <translation>训练(&amp;T)</translation>
    </message>
    <message>
      <source>Train the paper's network from the beginning</source>
      <translation>从头训练论文中的网络</translation>
    </message>
    <message>
      <source>P&amp;ause</source>
      <translation>暂停(&amp;A)</translation>
    </message>
    <message>
      <source>Hold; nothing is lost</source>
      <translation>暂停；不会丢失任何内容</translation>
    </message>
    <message>
      <source>Res&amp;ume</source>
      <translation>继续(&amp;U)</translation>
    </message>
    <message>
      <source>Go on after a pause or a stop</source>
      <translation>暂停或停止后继续</translation>
    </message>
    <message>
      <source>&amp;Stop</source>
      <translation>停止(&amp;S)</translation>
    </message>
    <message>
      <source>End now; the last finished epoch is kept and can be resumed</source>
      <translation>立即结束；保留最后完成的一轮，以后可以继续</translation>
    </message>
    <message>
      <source>Sa&amp;ve as …</source>
      <translation>另存为(&amp;V)…</translation>
    </message>
    <message>
      <source>Give the trained network a name in the list of networks</source>
      <translation>为训练好的网络起名，并加入网络列表</translation>
    </message>
    <message>
      <source>Rep&amp;lace …</source>
      <translation>替换(&amp;L)…</translation>
    </message>
    <message>
      <source>Put the trained network in the place of an older one, which is deleted</source>
      <translation>用训练好的网络替换一个旧网络，旧网络会被删除</translation>
    </message>
    <message>
      <source>Tr&amp;y it</source>
      <translation>试用(&amp;Y)</translation>
    </message>
    <message>
      <source>Let the network in training answer, as it is now</source>
      <translation>让训练中的网络以当前状态作答</translation>
    </message>
    <message>
      <source>Loss</source>
      <translation>损失</translation>
    </message>
    <message>
      <source>The loss of single batches</source>
      <translation>单个批次的损失</translation>
    </message>
    <message>
      <source>Accuracy</source>
      <translation>准确率</translation>
    </message>
    <message>
      <source>After each epoch, on 5,000 pictures that it does not train on</source>
      <translation>每轮结束后，在 5,000 张不参与训练的图片上测得</translation>
    </message>
    <message>
      <source>How far the training is</source>
      <translation>训练完成了多少</translation>
    </message>
    <message>
      <source>State of the training</source>
      <translation>训练状态</translation>
    </message>
    <message>
      <source>How far the work is</source>
      <translation>工作进度</translation>
    </message>
    <message>
      <source>Time left</source>
      <translation>剩余时间</translation>
    </message>
    <message>
      <source>Working …</source>
      <translation>正在处理…</translation>
    </message>
    <message>
      <source>As the &amp;system</source>
      <translation>跟随系统(&amp;S)</translation>
    </message>
    <message>
      <source>&amp;Light</source>
      <translation>浅色(&amp;L)</translation>
    </message>
    <message>
      <source>&amp;Dark</source>
      <translation>深色(&amp;D)</translation>
    </message>
    <message>
      <source>&amp;File</source>
      <translation>文件(&amp;F)</translation>
    </message>
    <message>
      <source>&amp;Edit</source>
      <translation>编辑(&amp;E)</translation>
    </message>
    <message>
      <source>Reco&amp;gnition</source>
      <translation>识别(&amp;G)</translation>
    </message>
    <message>
      <source>C&amp;orrect</source>
      <translation>更正(&amp;O)</translation>
    </message>
    <message>
      <source>&amp;View</source>
      <translation>视图(&amp;V)</translation>
    </message>
    <message>
      <source>&amp;Help</source>
      <translation>帮助(&amp;H)</translation>
    </message>
    <message>
      <source>&amp;Language</source>
      <translation>语言(&amp;L)</translation>
    </message>
    <message>
      <source>&amp;Theme</source>
      <translation>主题(&amp;T)</translation>
    </message>
    <message>
      <source>&amp;Open picture …</source>
      <translation>打开图片(&amp;O)…</translation>
    </message>
    <message>
      <source>Put a picture file on the drawing field</source>
      <translation>把图片文件放到手写区</translation>
    </message>
    <message>
      <source>&amp;Paste picture</source>
      <translation>粘贴图片(&amp;P)</translation>
    </message>
    <message>
      <source>Put the picture in the clipboard on the drawing field</source>
      <translation>把剪贴板中的图片放到手写区</translation>
    </message>
    <message>
      <source>&amp;Save drawing …</source>
      <translation>保存手写图片(&amp;S)…</translation>
    </message>
    <message>
      <source>Save what is drawn as a picture file</source>
      <translation>把手写内容保存为图片文件</translation>
    </message>
    <message>
      <source>Open &amp;network …</source>
      <translation>打开网络(&amp;N)…</translation>
    </message>
    <message>
      <source>Use a network from a weights file</source>
      <translation>使用权重文件中的网络</translation>
    </message>
    <message>
      <source>&amp;Quit</source>
      <translation>退出(&amp;Q)</translation>
    </message>
    <message>
      <source>Close the window</source>
      <translation>关闭窗口</translation>
    </message>
    <message>
      <source>Take back the last stroke</source>
      <translation>撤销最后一笔</translation>
    </message>
    <message>
      <source>&amp;Redo</source>
      <translation>重做(&amp;R)</translation>
    </message>
    <message>
      <source>Draw again what was taken back</source>
      <translation>恢复被撤销的一笔</translation>
    </message>
    <message>
      <source>&amp;Eraser</source>
      <translation>橡皮擦(&amp;E)</translation>
    </message>
    <message>
      <source>Erase instead of drawing</source>
      <translation>擦除而不是书写</translation>
    </message>
    <message>
      <source>Thi&amp;nner pen</source>
      <translation>笔变细(&amp;N)</translation>
    </message>
    <message>
      <source>Make the pen thinner</source>
      <translation>让笔变细</translation>
    </message>
    <message>
      <source>Thic&amp;ker pen</source>
      <translation>笔变粗(&amp;K)</translation>
    </message>
    <message>
      <source>Make the pen thicker</source>
      <translation>让笔变粗</translation>
    </message>
    <message>
      <source>&amp;Clear</source>
      <translation>清除(&amp;C)</translation>
    </message>
    <message>
      <source>Remove the picture or the drawing</source>
      <translation>清除图片或手写内容</translation>
    </message>
    <message>
      <source>Draw by &amp;keyboard</source>
      <translation>用键盘书写(&amp;K)</translation>
    </message>
    <message>
      <source>Go to the drawing field: arrows move, space draws</source>
      <translation>转到手写区：方向键移动，空格键书写</translation>
    </message>
    <message>
      <source>Switch &amp;mode</source>
      <translation>切换模式(&amp;M)</translation>
    </message>
    <message>
      <source>From MNIST pictures to handwriting, or back</source>
      <translation>在 MNIST 图片和手写之间切换</translation>
    </message>
    <message>
      <source>Ran&amp;dom picture</source>
      <translation>随机图片(&amp;D)</translation>
    </message>
    <message>
      <source>Show one of MNIST's 10,000 test pictures, chosen at random</source>
      <translation>从 MNIST 的 10,000 张测试图片中随机显示一张</translation>
    </message>
    <message>
      <source>&amp;Recognize</source>
      <translation>识别(&amp;R)</translation>
    </message>
    <message>
      <source>Ask the network which digit this is</source>
      <translation>让网络判断这是哪个数字</translation>
    </message>
    <message>
      <source>&amp;Live answers</source>
      <translation>实时识别(&amp;L)</translation>
    </message>
    <message>
      <source>The answer follows the pen</source>
      <translation>边写边识别</translation>
    </message>
    <message>
      <source>&amp;Next mistake</source>
      <translation>下一个错误(&amp;N)</translation>
    </message>
    <message>
      <source>Show the next test picture that this network gets wrong</source>
      <translation>显示此网络识别错误的下一张测试图片</translation>
    </message>
    <message>
      <source>&amp;Previous mistake</source>
      <translation>上一个错误(&amp;P)</translation>
    </message>
    <message>
      <source>Show the previous test picture that this network gets wrong</source>
      <translation>显示此网络识别错误的上一张测试图片</translation>
    </message>
    <message>
      <source>&amp;Go to picture number …</source>
      <translation>转到指定编号的图片(&amp;G)…</translation>
    </message>
    <message>
      <source>Show a test picture by its number</source>
      <translation>按编号显示测试图片</translation>
    </message>
    <message>
      <source>Ne&amp;xt digit of the experiment</source>
      <translation>实验的下一个数字(&amp;X)</translation>
    </message>
    <message>
      <source>Recognize and note this drawing, then go to the next</source>
      <translation>识别并记录这个数字，然后写下一个</translation>
    </message>
    <message>
      <source>Show in red where blackening hurts the answer</source>
      <translation>用红色显示哪些部分涂黑后会影响答案</translation>
    </message>
    <message>
      <source>Measure the net&amp;work</source>
      <translation>测量网络(&amp;W)</translation>
    </message>
    <message>
      <source>Accuracy and speed of the network in use</source>
      <translation>当前网络的准确率和速度</translation>
    </message>
    <message>
      <source>This is {a} &amp;{digit}</source>
      <translation>这是 &amp;{digit}</translation>
    </message>
    <message>
      <source>Correct the answer and keep the drawing</source>
      <translation>更正答案并保存这个手写数字</translation>
    </message>
    <message>
      <source>Lar&amp;ger</source>
      <translation>放大(&amp;G)</translation>
    </message>
    <message>
      <source>Make everything larger</source>
      <translation>放大全部内容</translation>
    </message>
    <message>
      <source>&amp;Smaller</source>
      <translation>缩小(&amp;S)</translation>
    </message>
    <message>
      <source>Make everything smaller</source>
      <translation>缩小全部内容</translation>
    </message>
    <message>
      <source>&amp;Usual size</source>
      <translation>原始大小(&amp;U)</translation>
    </message>
    <message>
      <source>Make everything as large as at first</source>
      <translation>恢复最初的大小</translation>
    </message>
    <message>
      <source>&amp;Full screen</source>
      <translation>全屏(&amp;F)</translation>
    </message>
    <message>
      <source>Fill the screen, or leave that again</source>
      <translation>全屏显示，或退出全屏</translation>
    </message>
    <message>
      <source>&amp;What can be done</source>
      <translation>可以做什么(&amp;W)</translation>
    </message>
    <message>
      <source>Show what can be done and by which keys</source>
      <translation>显示可以做什么、用哪些键</translation>
    </message>
    <message>
      <source>Open this &amp;menu</source>
      <translation>打开此菜单(&amp;M)</translation>
    </message>
    <message>
      <source>Open the menu with everything that can be done</source>
      <translation>打开包含所有操作的菜单</translation>
    </message>
    <message>
      <source>Draw a digit here
with mouse, pen or finger</source>
      <translation>在这里写一个数字
可用鼠标、笔或手指</translation>
    </message>
    <message>
      <source>Press “Random picture”
to begin</source>
      <translation>按“随机图片”
开始</translation>
    </message>
    <message>
      <source>Keep this drawing as the digit {digit} (key {digit})</source>
      <translation>把这个手写数字保存为 {digit}（按键 {digit}）</translation>
    </message>
    <message>
      <source>It is {digit}</source>
      <translation>是 {digit}</translation>
    </message>
    <message>
      <source>Draw a digit on the black field, or choose a picture, and the network says which digit it is. The rail at the left leads to the pages. Every button says what it does when the mouse rests on it.</source>
      <translation>在黑色区域写一个数字，或选一张图片，网络会识别出它是哪个数字。左边的导航栏通向各个页面。把鼠标停在按钮上，就会显示它的作用。</translation>
    </message>
    <message>
      <source>The window is made with PyQt5, so it comes under the GNU General Public License, version 3, without any warranty. The files NOTICE and GPL-3.0 of the program say more.</source>
      <translation>本窗口用 PyQt5 制作，因此适用 GNU 通用公共许可证第 3 版，不提供任何担保。详见程序中的文件 NOTICE 和 GPL-3.0。</translation>
    </message>
    <message>
      <source>Say which digit it is: the network can learn from that</source>
      <translation>说出它是哪个数字：网络可以从中学习</translation>
    </message>
    <message>
      <source>Help</source>
      <translation>帮助</translation>
    </message>
    <message>
      <source>the copied picture cannot be read; save it as a file and open that</source>
      <translation>无法读取复制的图片；请将它另存为文件后再打开</translation>
    </message>
    <message>
      <source>the copied picture has more than {limit} million pixels; shrink it first</source>
      <translation>复制的图片超过 {limit} 百万像素；请先缩小</translation>
    </message>
    <message>
      <source>Open picture</source>
      <translation>打开图片</translation>
    </message>
    <message>
      <source>Several files</source>
      <translation>多个文件</translation>
    </message>
    <message>
      <source>One picture at a time. Which one?</source>
      <translation>每次只能打开一张图片。打开哪一张？</translation>
    </message>
    <message>
      <source>Save drawing</source>
      <translation>保存手写图片</translation>
    </message>
    <message>
      <source>Pictures ({patterns})</source>
      <translation>图片 ({patterns})</translation>
    </message>
    <message>
      <source>{name} is the file of a network, not a picture. Use this network?</source>
      <translation>{name} 是网络文件，不是图片。要使用这个网络吗？</translation>
    </message>
    <message>
      <source>✓ right: it is {a_truth}</source>
      <translation>✓ 正确：是 {truth}</translation>
    </message>
    <message>
      <source>✗ wrong: it is {a_truth}</source>
      <translation>✗ 错误：是 {truth}</translation>
    </message>
    <message>
      <source>Answer</source>
      <translation>答案</translation>
    </message>
    <message>
      <source>Open a file …</source>
      <translation>打开文件…</translation>
    </message>
  </context>
</TS>
